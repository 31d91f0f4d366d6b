"""What a file holds, unpacked: members of archives, cells of Parquet files, text that is coded."""

from __future__ import annotations

import base64
import email
import io
import re
import zipfile
import zlib
from collections.abc import Iterator

import pandas as pd

_CODED = re.compile(rb"base64,([A-Za-z0-9+/=\s]+)")
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)


def insides(content: bytes, name: str = "") -> Iterator[bytes]:
    """Yield a file's bytes and all that is packed in them."""
    yield content
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield from (member.encode() for member in archive.namelist())
            for member in archive.namelist():
                yield from insides(archive.read(member), member)
    elif content.startswith(b"PAR1"):
        yield pd.read_parquet(io.BytesIO(content)).to_csv().encode()
    elif content.startswith(b"%PDF"):
        for stream in _STREAM.findall(content):
            try:
                yield zlib.decompress(stream)
            except zlib.error:
                continue
    elif name.endswith(".eml"):
        for part in email.message_from_bytes(content).walk():
            if isinstance(packed := part.get_payload(decode=True), bytes):
                yield from insides(packed, part.get_filename() or "")
    else:
        for coded in _CODED.findall(content):
            yield from insides(base64.b64decode(coded + b"=="))
