"""Pictures that callers send: in data URLs, as bare base64, or as the bytes of a file."""

import base64
import binascii
import re
from typing import Final

from oauth_app.sandbox.errors import refuse

_HEAD: Final = re.compile(r"data:image/(png|jpe?g|webp|gif);base64,", re.ASCII | re.IGNORECASE)


def read_image(value: object, name: str) -> bytes:
    """Return the bytes of a picture; what they show does not matter here.

    Raises:
        PlatformError: 400, not a data URL of a picture, or not base64.
    """
    if isinstance(value, bytes):
        return value or refuse(f"{name} is empty")
    head = _HEAD.match(value) if isinstance(value, str) else None
    if not isinstance(value, str) or head is None:
        refuse(f"{name} must hold data URLs such as data:image/png;base64,…")
    return find_base64(value[head.end() :]) or refuse(f"{name} is not valid base64")


def find_base64(text: str) -> bytes | None:
    """Return what a base64 text stands for, or None when it is empty or no base64."""
    try:
        return base64.b64decode(text, validate=True) or None
    except (binascii.Error, ValueError):
        return None
