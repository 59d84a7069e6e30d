"""Public keys of partners that publish them at an address of their own: fetched before a transaction begins."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from sqlalchemy import Engine

from oauth_app import clock
from oauth_app.db import reading
from oauth_app.guarded_http import OutboundError
from oauth_app.hub import Hub
from oauth_app.provider.client_assertions import unverified_client_id, unverified_key_id
from oauth_app.provider.clients import find_client
from oauth_app.provider.partner_keys import Jwks

_log = logging.getLogger(__name__)

#: A partner that takes a key back waits so long at most.
_COPY_LIFE = timedelta(minutes=5)
#: After a failure, and for a key that is not in the copy: who sends nonsense does not make us ask each time.
_PAUSE = timedelta(seconds=15)
_MAX_BYTES = 65_536
_MAX_COPIES = 1000


@dataclass(frozen=True, kw_only=True)
class _Copy:
    #: None when the address never had any.
    jwks: Jwks | None
    fetched_at: datetime
    #: When the address was asked for the last time, whatever it answered.
    asked_at: datetime

    @property
    def is_fresh(self) -> bool:
        """Whether the keys can still be used."""
        return timedelta() <= clock.now() - self.fetched_at < _COPY_LIFE

    def is_good_for(self, key_id: str | None) -> bool:
        """Tell whether there is nothing to ask, for a signature that says it is by this key."""
        return (self.is_fresh and self._has(key_id)) or timedelta() <= clock.now() - self.asked_at < _PAUSE

    def _has(self, key_id: str | None) -> bool:
        if self.jwks is None:
            return False
        return key_id is None or any(key.get("kid") == key_id for key in self.jwks["keys"])


_copies: WeakKeyDictionary[Engine, dict[str, _Copy]] = WeakKeyDictionary()


def fetch_partner_keys(hub: Hub, unverified_assertion: str) -> Mapping[str, Jwks]:
    """Return the keys, by their address, that the assertion can be checked with; nothing if none are to be had.

    Opens a transaction of its own and may ask the partner's server: call it before yours begins.
    """
    client_id = unverified_client_id(unverified_assertion) if unverified_assertion else None
    address = _find_address(hub, client_id) if client_id else None
    if address is None:
        return {}
    jwks = _copy_of(hub, address, unverified_key_id(unverified_assertion)).jwks
    return {} if jwks is None else {address: jwks}


def _find_address(hub: Hub, client_id: str) -> str | None:
    with reading(hub.engine) as session:
        client = find_client(session, client_id)
        return client.partner.jwks_uri if client else None


def _copy_of(hub: Hub, address: str, key_id: str | None) -> _Copy:
    copies = _copies.setdefault(hub.engine, {})
    known = copies.get(address)
    if known is not None and known.is_good_for(key_id):
        return known
    if len(copies) >= _MAX_COPIES:
        copies.clear()
    copies[address] = made = _renewed(known, _fetch(hub, address))
    return made


def _renewed(known: _Copy | None, jwks: Jwks | None) -> _Copy:
    """Return the new copy, or the old one as long as it counts: a partner's server may be down for a minute."""
    if jwks is None and known is not None and known.is_fresh:
        return replace(known, asked_at=clock.now())
    return _Copy(jwks=jwks, fetched_at=clock.now(), asked_at=clock.now())


def _fetch(hub: Hub, address: str) -> Jwks | None:
    try:
        fetched = hub.outside.get(address, max_bytes=_MAX_BYTES, accept="application/jwk-set+json, application/json")
        read = json.loads(fetched.body) if fetched.status == 200 else None
    except (OutboundError, ValueError, RecursionError) as error:
        _log.info("no keys at %s: %s", address, type(error).__name__)
        return None
    keys = read.get("keys") if isinstance(read, dict) else None
    return read if isinstance(keys, list) and all(isinstance(key, dict) for key in keys) else None
