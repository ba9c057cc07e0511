"""asf_search: `search` with its options' own `host`, `download_url` with a session of its own `auth_with_token`."""
import asf_search
import job

# Or it would post every error of a search to ASF, here where no network is.
asf_search.REPORT_ERRORS = False
asked = job.read()
if asked["work"] == "search":
    options = asf_search.ASFSearchOptions(host=asked["cmr"].removeprefix("https://"))
    area, start, end = asked["area"], asked["start"], asked["end"]
    found = asf_search.search(
        dataset="NISAR", processingLevel="GCOV", intersectsWith=area, start=start, end=end, opts=options
    )
    job.answer(len(found))
else:
    session = asf_search.ASFSession(edl_host=asked["edl"].removeprefix("https://"))
    session.auth_with_token(job.TOKEN)
    asf_search.download_url(asked["url"], path=asked["folder"], session=session)
