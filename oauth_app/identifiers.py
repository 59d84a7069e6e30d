"""Names for things: time-ordered ids, unguessable tokens with a checksum, and their digests."""

import hashlib
import os
import secrets
import time
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
_MOMENT_CHARS = 10
_NS_PER_MS = 1_000_000
#: Of a series: by these its process differs from others, and six characters are left to count.
_PROCESS_CHARS = 10
#: Two digits at a time: ids are made for every relayed call.
_PAIRS = [first + second for first in _BASE32 for second in _BASE32]


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
    number = (moment_ms << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)
    return f"{kind}_{_base32(number, _ID_CHARS)}"


def first_id(kind: Kind, moment: datetime) -> str:
    """Return the least id that can be made at a moment: a span of time is a span of ids, which have an index."""
    return f"{kind}_{_base32(max(int(moment.timestamp() * 1000), 0) << _RANDOM_BITS, _ID_CHARS)}"


class Series:
    """Ids of one kind that are made by the thousand: within a process they count on from a random beginning.

    They are as unique as others, and made in a third of the time; they are no secrets.
    """

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._moment_ms = 0
        self._moment = ""
        self._process = ""
        self._count = 0
        self._begin()
        if hasattr(os, "register_at_fork"):  # Windows has no forks
            os.register_at_fork(after_in_child=self._begin)

    def next(self) -> str:
        """Return a fresh id."""
        moment_ms = time.time_ns() // _NS_PER_MS
        if moment_ms != self._moment_ms:
            self._moment_ms, self._moment = moment_ms, f"{self._kind}_{_base32(moment_ms, _MOMENT_CHARS)}"
        self._count = count = self._count + 1
        digits = _PAIRS[count >> 20 & 1023] + _PAIRS[count >> 10 & 1023] + _PAIRS[count & 1023]
        return self._moment + self._process + digits

    def _begin(self) -> None:
        self._process = _base32(secrets.randbits(_PROCESS_CHARS * _BASE32_BITS), _PROCESS_CHARS)
        self._count = secrets.randbits(_RANDOM_BITS - _PROCESS_CHARS * _BASE32_BITS)


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


def _base32(number: int, characters: int) -> str:
    """Return a number in an even number of digits."""
    shifts = range(_BASE32_BITS * (characters - 2), -1, -2 * _BASE32_BITS)
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in shifts])


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits = []
    for _ in range(_CHECKSUM_CHARS):
        number, digit = divmod(number, len(_BASE62))
        digits.append(_BASE62[digit])
    return "".join(reversed(digits))
