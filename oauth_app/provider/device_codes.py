"""The code that a person carries from a device to a browser (RFC 8628 6.1): short, and hard to misread."""

import secrets

from oauth_app.identifiers import digest

#: No vowels, so that no words come of it, and no digits: 20 letters, 8 of them, 34 bits.
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_CHARS, _GROUP = 8, 4


def new_user_code() -> str:
    """Return a fresh code such as ``BCDF-GHJK``."""
    return _write("".join(secrets.choice(_LETTERS) for _ in range(_CHARS)))


def read_user_code(typed: str) -> str | None:
    """Return the code as it is shown, however it was typed; None if it cannot be one (RFC 8628 6.1)."""
    letters = "".join(letter for letter in typed.upper() if letter.isalnum())
    return _write(letters) if len(letters) == _CHARS and set(letters) <= set(_LETTERS) else None


def digest_of_user_code(code: str) -> str:
    """Return under what a code is kept."""
    return digest(f"user code {code}")


def _write(letters: str) -> str:
    return f"{letters[:_GROUP]}-{letters[_GROUP:]}"
