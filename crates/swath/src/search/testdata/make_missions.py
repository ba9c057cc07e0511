"""Writes `missions.txt`: which collections the names of ASF's datasets, platforms and products stand for.

The lists are facts about ASF's archive as its own search library knows them; run this with another release of
asf_search to bring them up to date. NISAR's own collections are in `collections.rs`, with what each can hold.

    python make_missions.py > ../missions.txt        # needs asf_search==14.1.0
"""

from asf_search.CMR import datasets
from asf_search.CMR.datasets import NISAR_PRODUCT_TYPES

NISAR = {"NISAR", "NISAR-SCIENCE-PRODUCTS", "L0B", *NISAR_PRODUCT_TYPES}


def rows(kind: str, table: dict[str, set[str]]) -> list[str]:
    """One line per name that stands for any collection: kind, name, collections."""
    known = sorted(name for name, members in table.items() if members and name not in NISAR)
    return [f"{kind}\t{name}\t{','.join(sorted(table[name]))}" for name in known]


if __name__ == "__main__":
    print("# Collections of ASF's archive: kind, name, short names. Written by testdata/make_missions.py.")
    tables = {
        "dataset": datasets.dataset_collections,
        "platform": datasets.collections_per_platform,
        "level": datasets.collections_by_processing_level,
    }
    for kind, table in tables.items():
        print("\n".join(rows(kind, table)))
