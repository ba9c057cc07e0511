"""earthaccess: `login(strategy="environment")` with a `System` of the sandbox's addresses, `search_data`, `download`.

`System` is how earthaccess itself is told of other services (UAT); nothing of it is patched.
"""
import earthaccess
import job
from earthaccess.system import System

asked = job.read()
cmr, edl = f"{asked['cmr']}/search/", asked["edl"].removeprefix("https://")
system = System(cmr_base_url=cmr, status_url=asked["edl"], status_api_url=asked["edl"], edl_hostname=edl)
earthaccess.login(strategy="environment", system=system)
if asked["work"] == "search":
    found = earthaccess.search_data(
        short_name="NISAR_L2_GCOV_BETA_V1",
        bounding_box=tuple(asked["box"]),
        temporal=(asked["start"], asked["end"]),
    )
    job.answer(len(found))
else:
    earthaccess.download([asked["url"]], asked["folder"], show_progress=False)
