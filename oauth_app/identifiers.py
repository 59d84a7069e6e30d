"""Names for things: time-ordered ids, unguessable tokens with a checksum, and their digests."""

import hashlib
import secrets
import zlib
from datetime import datetime
from enum import StrEnum

from oauth_app import clock

_BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford: no i, l, o, u to misread
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET_CHARS = 32  # 190 bits: a plain SHA-256 is enough to store it
_CHECKSUM_CHARS = 6
#: With the checksum 40: what follows the prefix is base64 of 30 bytes, as Standard Webhooks wants its keys.
_WEBHOOK_SECRET_CHARS = 34
_BASE32_BITS = 5
_RANDOM_BITS = 80
_ID_CHARS = 26
#: Two digits at a time: an id is made for every relayed call.
_PAIRS = [first + second for first in _BASE32 for second in _BASE32]
_SHIFTS = range(_BASE32_BITS * (_ID_CHARS - 2), -1, -2 * _BASE32_BITS)


class Kind(StrEnum):
    """The prefix that says what an id names."""

    USER = "usr"
    PARTNER = "ptn"
    CONSENT = "con"
    CHARGE = "ch"
    TOP_UP = "top"
    TRANSFER = "tr"
    HOLD = "hold"
    REQUEST = "req"
    FAMILY = "fam"
    BROWSER_SESSION = "ses"
    PARTNER_SESSION = "sid"
    FAILURE = "err"
    DELIVERY = "dlv"
    REGISTRATION_PERMIT = "reg"
    REFUND = "re"
    EVENT = "evt"
    WEBHOOK_ENDPOINT = "we"
    FEE_VERSION = "fee"
    RECONCILIATION = "rec"
    DIFFERENCE = "dif"


class TokenKind(StrEnum):
    """The prefix that says what a secret is for, so that a leaked one can be recognised."""

    ACCESS = "omc_at_"
    REFRESH = "omc_rt_"
    CLIENT_SECRET = "omc_sk_"  # noqa: S105 - a prefix, not a secret
    CODE = "omc_ac_"
    #: Signs what a partner's webhook receives (Standard Webhooks).
    WEBHOOK_SECRET = "omc_whsec_"  # noqa: S105 - a prefix, not a secret
    DEVICE_CODE = "omc_dc_"
    PUSHED_REQUEST = "omc_pr_"
    #: Lets a site register itself (RFC 7591 3, the initial access token).
    REGISTRATION_PERMIT = "omc_ia_"
    #: Lets a site that registered itself look after its registration (RFC 7592 3).
    REGISTRATION_ACCESS = "omc_ra_"


def new_id(kind: Kind) -> str:
    """Return a fresh id such as ``ch_01jd…``; ids made later sort later (to the millisecond)."""
    moment_ms = int(clock.now().timestamp() * 1000)
    return _written(kind, (moment_ms << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS))


def first_id(kind: Kind, moment: datetime) -> str:
    """Return the least id that can be made at a moment: a span of time is a span of ids, which have an index."""
    return _written(kind, max(int(moment.timestamp() * 1000), 0) << _RANDOM_BITS)


def _written(kind: Kind, number: int) -> str:
    return f"{kind}_{''.join([_PAIRS[(number >> shift) & 1023] for shift in _SHIFTS])}"


def new_token(kind: TokenKind) -> str:
    """Return a fresh secret: prefix, at least 190 random bits, and a checksum over both."""
    body = kind + "".join(secrets.choice(_BASE62) for _ in range(_secret_chars(kind)))
    return body + _checksum(body)


def is_well_formed(token: str, kind: TokenKind) -> bool:
    """Tell whether the text can be a token of ours at all, without asking the database."""
    body, checksum = token[:-_CHECKSUM_CHARS], token[-_CHECKSUM_CHARS:]
    length = len(kind) + _secret_chars(kind) + _CHECKSUM_CHARS
    return len(token) == length and token.startswith(kind) and token.isascii() and checksum == _checksum(body)


def digest(secret: str) -> str:
    """Return the SHA-256 under which a secret that is only ever checked is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _secret_chars(kind: TokenKind) -> int:
    return _WEBHOOK_SECRET_CHARS if kind is TokenKind.WEBHOOK_SECRET else _SECRET_CHARS


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits = []
    for _ in range(_CHECKSUM_CHARS):
        number, digit = divmod(number, len(_BASE62))
        digits.append(_BASE62[digit])
    return "".join(reversed(digits))
