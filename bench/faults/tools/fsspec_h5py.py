"""fsspec and h5py: the filesystems that `earthaccess.open` makes and how it opens files of this size, without earthaccess.

https is `fsspec.filesystem("https", client_kwargs={"headers": …})`, S3 is `s3fs.S3FileSystem` with credentials from the
gateway. aiohttp's own timeout (five minutes) and botocore's own retries (s3fs: five) are on; fsspec has none over https.
"""
import fsspec
import h5py
import job
import s3fs

asked = job.read()
if asked["url"].startswith("s3:"):
    keys = job.s3_credentials()
    filesystem = s3fs.S3FileSystem(
        key=keys["accessKeyId"],
        secret=keys["secretAccessKey"],
        token=keys["sessionToken"],
        client_kwargs={"endpoint_url": asked["s3"], "region_name": "us-west-2", "verify": asked["ca"]},
    )
else:
    bearer = {"Authorization": f"Bearer {job.TOKEN}"}
    filesystem = fsspec.filesystem("https", client_kwargs={"headers": bearer, "trust_env": False})
opened = filesystem.open(asked["url"], "rb", cache_type="background", block_size=4 << 20)
with opened as file, h5py.File(file, "r") as granule:
    job.answer(job.mean(granule[asked["layer"]]))
