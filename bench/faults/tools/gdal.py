"""GDAL's /vsicurl/ and /vsis3/ under its HDF5 driver, as rasterio's wheel bundles them.

Retries are on (they are off by default); the rest is as GDAL's page on virtual file systems tells for files that stand
alone and need a bearer token. HEAD is off where the signed URLs of the gateway are good for GET alone.
"""
import logging
import os

import job
import rasterio
from rasterio.windows import Window

# What GDAL itself says goes to rasterio's log, at this level.
logging.basicConfig(level=logging.INFO, format="%(message)s")
asked = job.read()
options = {
    "GDAL_HTTP_MAX_RETRY": 3,
    "GDAL_HTTP_RETRY_DELAY": 1,
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "CPL_VSIL_CURL_USE_HEAD": False,
    "GDAL_CURL_CA_BUNDLE": asked["ca"],
}
if asked["url"].startswith("s3:"):
    keys = job.s3_credentials()
    source = asked["url"].replace("s3://", "/vsis3/")
    os.environ |= {
        "AWS_ACCESS_KEY_ID": keys["accessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["secretAccessKey"],
        "AWS_SESSION_TOKEN": keys["sessionToken"],
        "AWS_REGION": "us-west-2",
        "AWS_S3_ENDPOINT": asked["s3"].removeprefix("https://"),
        "AWS_VIRTUAL_HOSTING": "FALSE",
    }
else:
    source = f"/vsicurl/{asked['url']}"
    options |= {"GDAL_HTTP_AUTH": "BEARER", "GDAL_HTTP_BEARER": job.TOKEN}
row, column, height, width = asked["window"]
with rasterio.Env(**options), rasterio.open(f'HDF5:"{source}"://{asked["layer"]}') as layer:
    job.answer(job.mean_of(layer.read(1, window=Window(column, row, width, height))))
