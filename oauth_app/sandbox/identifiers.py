"""Random identifiers in the shapes the provider uses."""

import secrets
import string
from typing import Final

_ALNUM: Final = string.ascii_letters + string.digits

#: Each letter stands for four bytes; the eight bytes left over are thrown away, so that all are equally likely.
_LETTERS: Final = (_ALNUM * 5)[:256].encode()
_SURPLUS: Final = bytes(range(len(_ALNUM) * 4, 256))

#: Every OAuth token starts so; the rest is 20 letters and digits.
TOKEN_PREFIX: Final = "omg-oat-v1-"  # noqa: S105 - a public prefix


def alnum(length: int) -> str:
    """Return random letters and digits."""
    found = ""
    while len(found) < length:
        found += secrets.token_bytes(length + 8).translate(_LETTERS, _SURPLUS).decode()
    return found[:length]


def make_code() -> str:
    """Return an authorization code: 16 letters and digits."""
    return alnum(16)


def make_token() -> str:
    """Return an OAuth token."""
    return TOKEN_PREFIX + alnum(20)


def make_key() -> str:
    """Return an API key: 48 characters, with the provider's mark at offset 20."""
    return f"sk-{alnum(20)}T3BlbkFJ{alnum(20)}"


def make_file_id() -> str:
    """Return a file's identifier: a nanoid of 21 characters."""
    return "".join(secrets.choice(f"{_ALNUM}_-") for _ in range(21))
