"""Areas in every form in which Python has them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import swath

FILES = Path(__file__).parents[3] / "fixtures" / "areas"
RING = [(40.8, 13.2), (40.9, 13.2), (40.85, 13.3), (40.8, 13.2)]
TRIANGLE = {"type": "Polygon", "coordinates": [RING]}


class Lake:
    """As shapely and geopandas give themselves."""

    @property
    def __geo_interface__(self) -> dict[str, Any]:
        return TRIANGLE


class Projected(Lake):
    """As geopandas gives itself in metres."""

    class crs:  # noqa: N801
        """pyproj's."""

        is_geographic = False
        name = "WGS 84 / UTM zone 37N"


@pytest.mark.parametrize(
    "area",
    [
        "POINT(40.85 13.26)",
        TRIANGLE,
        {"type": "Feature", "properties": {"drawn": Path("x")}, "geometry": TRIANGLE},
        json.dumps(TRIANGLE),
        Lake(),
        FILES / "lake.geojson",
        FILES / "lake.zip",
        str(FILES / "lake.shp"),
        FILES / "lake.kml",
    ],
)
def test_areas_in_every_form(sandbox: swath.Session, area: Any) -> None:
    assert len(sandbox.search(area=area)) == 5


def test_areas_by_numbers(sandbox: swath.Session) -> None:
    assert len(sandbox.search(point=(40.85, 13.26))) == 5
    assert len(sandbox.search(circle=[40.85, 13.26, 2000])) == 5
    assert len(sandbox.search(linestring=[40.85, 13.26, 40.86, 13.27])) == 5
    assert len(sandbox.search(bbox=(170, -20, -170, -10))) == 0


def test_what_was_done_is_told(sandbox: swath.Session) -> None:
    found = sandbox.search(area={"type": "Polygon", "coordinates": [RING[::-1]]})
    assert any("counter-clockwise" in notice for notice in found.notices)


@pytest.mark.parametrize(
    "mistake",
    [
        lambda sandbox: sandbox.search(area=FILES / "metres.shp"),
        lambda sandbox: sandbox.search(area="absent.geojson"),
        lambda sandbox: sandbox.search(area=Projected()),
        lambda sandbox: sandbox.search(area=12),
        lambda sandbox: sandbox.search(area=TRIANGLE, bbox=(0, 0, 1, 1)),
        lambda sandbox: sandbox.search(point=(1, 2, 3)),
        lambda sandbox: sandbox.search(circle=(1, 2, 1)),
    ],
)
def test_mistakes_are_named(sandbox: swath.Session, mistake: Callable[[swath.Session], object]) -> None:
    with pytest.raises(swath.exceptions.UsageError):
        mistake(sandbox)
