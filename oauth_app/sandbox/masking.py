"""Hiding secrets in what the developer page shows.

Two nets: names that stand for secrets, and values in the shape of the secrets
that the sandbox gives out. Text is read by patterns, because it may be cut off.
"""

import re
from typing import Final

MARK: Final = "…"

_NAMES: Final = (
    r"[\w\-\[\]%.]*(?:secret|token|password|csrf|credential|signature|authorization|cookie|api[_-]?key)[\w\-\[\]%.]*"
    r"|key|number|cvc|state"
)

#: ``"name": "value"``, also where the text ends too early; numbers and objects are no secrets.
_IN_JSON: Final = re.compile(rf'(?i)("(?:{_NAMES})"\s*:\s*")(?:[^"\\]|\\.)+')

#: The ``code`` of an error is a word in small letters; that of an authorization is not.
_CODE_IN_JSON: Final = re.compile(r'("code"\s*:\s*")(?![a-z_]+")(?:[^"\\]|\\.)+')

#: ``name=value`` of a form or a query.
_IN_FORM: Final = re.compile(rf"(?i)((?:^|[?&\s])(?:{_NAMES}|code)=)[^&\s\"]+")

#: Our tokens and keys, Stripe's secrets, and the addresses of payment pages, which are opened by knowing them.
_VALUES: Final = re.compile(
    r"(?i)(omg-oat-v1-|sk-|(?:sk|rk|pk|ek)_(?:test_|live_)?|whsec_|bearer\s+|basic\s+|_secret_|/stripe/c/pay/|/stripe/i/)"
    r"[\w\-+/=.%]{4,}"
)


def masked(text: str) -> str:
    """Return a text without its secrets."""
    for pattern in (_IN_JSON, _CODE_IN_JSON, _IN_FORM, _VALUES):
        text = pattern.sub(rf"\1{MARK}", text)
    return text
