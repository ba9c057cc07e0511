"""What the programs of this folder are asked, and how they answer. Each is a process of its own: it reads a job from its
only argument, prints one JSON object, and lets every error of its tool end it."""
import json
import os
import sys

import numpy

TOKEN = os.environ["EARTHDATA_TOKEN"]


def read() -> dict:
    return json.loads(sys.argv[1])


def answer(value: float | int) -> None:
    print(json.dumps({"value": value}), flush=True)


def mean(layer) -> float:
    """The mean of the window of a dataset of h5py."""
    row, column, height, width = read()["window"]
    return mean_of(layer[row : row + height, column : column + width])


def mean_of(pixels: numpy.ndarray) -> float:
    return float(numpy.nanmean(pixels.astype("float64")))


def s3_credentials() -> dict:
    """Temporary credentials of the gateway, as earthaccess' `get_s3_credentials` asks for them."""
    import requests

    asked = read()
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    reply = requests.get(asked["credentials_url"], headers=bearer, verify=asked["ca"], timeout=15)
    reply.raise_for_status()
    return reply.json()
