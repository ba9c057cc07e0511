"""obstore's file-like reader under h5py; over S3 with obstore's own provider of NASA's credentials.

obstore retries by default (ten times within three minutes) and gives a request 30 s.
"""
import io
import pathlib
from urllib.parse import urlsplit

import h5py
import job
import obstore
import requests
from obstore.auth.earthdata import NasaEarthdataCredentialProvider
from obstore.store import HTTPStore, S3Store


class Readable(io.RawIOBase):
    """What h5py wants of a file and obstore's reader does not have: `readinto`."""

    def __init__(self, reader: "obstore.ReadableFile") -> None:
        self._reader = reader

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._reader.seek(offset, whence)

    def tell(self) -> int:
        return self._reader.tell()

    def readinto(self, buffer: memoryview) -> int:
        read = self._reader.read(len(buffer))
        buffer[: len(read)] = bytes(read)
        return len(read)


asked = job.read()
authority = pathlib.Path(asked["ca"]).read_text()
url = urlsplit(asked["url"])
if url.scheme == "s3":
    session = requests.Session()
    session.verify = asked["ca"]
    provider = NasaEarthdataCredentialProvider(asked["credentials_url"], auth=job.TOKEN, session=session)
    store = S3Store(
        url.netloc,
        credential_provider=provider,
        endpoint=asked["s3"],
        region="us-west-2",
        virtual_hosted_style_request=False,
        client_options={"root_certificate": authority},
    )
else:
    headers = {"Authorization": f"Bearer {job.TOKEN}"}
    client = {"default_headers": headers, "root_certificate": authority}
    store = HTTPStore.from_url(f"{url.scheme}://{url.netloc}", client_options=client)
reader = obstore.open_reader(store, url.path.lstrip("/"))
with h5py.File(Readable(reader), "r") as granule:
    job.answer(job.mean(granule[asked["layer"]]))
