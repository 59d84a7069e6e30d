"""Random identifiers in the shapes the provider uses."""

import secrets
import string
from typing import Final

_ALNUM: Final = string.ascii_letters + string.digits

#: Every OAuth token starts so; the rest is 20 letters and digits.
TOKEN_PREFIX: Final = "omg-oat-v1-"  # noqa: S105 - a public prefix


def alnum(length: int) -> str:
    """Return random letters and digits."""
    return "".join(secrets.choice(_ALNUM) for _ in range(length))


def make_code() -> str:
    """Return an authorization code: 16 letters and digits."""
    return alnum(16)


def make_token() -> str:
    """Return an OAuth token."""
    return TOKEN_PREFIX + alnum(20)


def make_key() -> str:
    """Return an API key: 48 characters, with the provider's mark at offset 20."""
    return f"sk-{alnum(20)}T3BlbkFJ{alnum(20)}"
