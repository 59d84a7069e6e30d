"""Reading the PNG files that a sandbox answers with, and one to send to it."""

import base64
import struct
import zlib

import requests

_SIGNATURE = b"\x89PNG\r\n\x1a\n"

#: One white pixel.
PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEA/tb7TgAAAABJRU5ErkJggg==")
DATA_URL = f"data:image/png;base64,{base64.b64encode(PIXEL).decode()}"


def size_of(picture: bytes) -> tuple[int, int]:
    """Return width and height of a PNG, after checking each of its parts."""
    assert picture.startswith(_SIGNATURE)
    chunks = dict(_chunks(picture[len(_SIGNATURE) :]))
    width, height, depth = struct.unpack(">IIB", chunks[b"IHDR"][:9])
    assert len(zlib.decompress(chunks[b"IDAT"])) == height * (1 + -(-width * depth // 8))
    assert b"IEND" in chunks
    return width, height


def load(url: str) -> bytes:
    """Return the picture at an address, without signing in."""
    answer = requests.get(url, timeout=10)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    return answer.content


def _chunks(rest: bytes) -> list[tuple[bytes, bytes]]:
    found = []
    while rest:
        length = int.from_bytes(rest[:4])
        kind, body, check = rest[4:8], rest[8 : 8 + length], rest[8 + length : 12 + length]
        assert zlib.crc32(kind + body) == int.from_bytes(check)
        found.append((kind, body))
        rest = rest[12 + length :]
    return found
