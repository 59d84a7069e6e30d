"""Real PNG files, drawn from a seed alone: the same seed and size give the same bytes."""

import colorsys
import hashlib
import struct
import zlib
from typing import Final

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"

#: Four bits a pixel, looked up in a palette: large pictures stay small files.
_BIT_DEPTH: Final = 4
_PALETTE_COLOURS: Final = 3

#: Tiles across and down; the right half mirrors the left.
_TILES: Final = 16


def draw(seed: str, width: int, height: int) -> bytes:
    """Return a picture of coloured tiles."""
    noise = hashlib.shake_256(seed.encode()).digest(1 + _TILES * _TILES // 2)
    header = struct.pack(">IIBBBBB", width, height, _BIT_DEPTH, _PALETTE_COLOURS, 0, 0, 0)
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", _palette(noise[0])),
            _chunk(b"IDAT", zlib.compress(_pixels(noise[1:], width, height), 1)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _palette(hue: int) -> bytes:
    """Return sixteen shades round one hue."""
    shades = [colorsys.hls_to_rgb((hue + 4 * shade) % 256 / 256, 0.25 + shade / 28, 0.6) for shade in range(16)]
    return bytes(round(part * 255) for shade in shades for part in shade)


def _pixels(noise: bytes, width: int, height: int) -> bytes:
    half = _TILES // 2
    rows = []
    for tile in range(_TILES):
        left = noise[tile * half : (tile + 1) * half]
        rows.append(_scanline(left + left[::-1], width))
    return b"".join(rows[y * _TILES // height] for y in range(height))


def _scanline(tiles: bytes, width: int) -> bytes:
    """Return one line: the byte for no filter, then two pixels in each byte."""
    shades = [tiles[x * _TILES // width] & 15 for x in range(width)] + [0] * (width % 2)
    return bytes([0, *(high << 4 | low for high, low in zip(shades[::2], shades[1::2], strict=True))])
