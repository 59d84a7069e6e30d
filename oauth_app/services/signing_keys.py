"""Signing keys over time: made, published ahead, used, retired, and published a while longer."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, or_, select, text, update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import SigningKey
from oauth_app.provider.signing import ALGORITHM, SigningKeys, make_private_key
from oauth_app.vault import Vault

#: A key is published this long before it signs, so that no partner meets a signature whose key it cannot find.
PUBLISHED_AHEAD = timedelta(minutes=5)
#: A key that signs no more is published this long: id_tokens live an hour, copies of the key set a day.
PUBLISHED_AFTER = timedelta(days=1)
_CACHE_LIFE = timedelta(seconds=10)

_cache: WeakKeyDictionary[Engine, tuple[datetime, SigningKeys]] = WeakKeyDictionary()


def load_signing_keys(hub: Hub) -> SigningKeys:
    """Return the keys of the moment, at most seconds old; the first one is made when there is none.

    Opens transactions of its own: call it before yours begins.
    """
    loaded_at, keys = _cache.get(hub.engine, (None, None))
    if loaded_at is None or keys is None or not timedelta() <= clock.now() - loaded_at < _CACHE_LIFE:
        keys = _load(hub)
        _cache[hub.engine] = (clock.now(), keys)
    return keys


def rotate_signing_key(session: Session, vault: Vault) -> str:
    """Make a new key and return its id; it signs in five minutes, and the others retire. The caller commits."""
    now = clock.now()
    session.execute(
        update(SigningKey)
        .where(SigningKey.retired_at.is_(None))
        .values(retired_at=now + PUBLISHED_AHEAD + PUBLISHED_AFTER)
    )
    return _add_key(session, vault)


def list_signing_keys(session: Session) -> Sequence[SigningKey]:
    """Return the published keys, oldest first; ``retired_at`` is when one stops being published."""
    published = or_(SigningKey.retired_at.is_(None), SigningKey.retired_at > clock.now())
    return session.scalars(select(SigningKey).where(published).order_by(SigningKey.created_at)).all()


def _load(hub: Hub) -> SigningKeys:
    with reading(hub.engine) as session:
        rows = list_signing_keys(session)
    if not rows:
        rows = _make_first_key(hub)
    private_jwks = [hub.vault.open(row.sealed_private_key, place=_place(row.key_id), reason="sign") for row in rows]
    return SigningKeys(private_jwks, signer=_signer(rows).key_id)


def _signer(rows: Sequence[SigningKey]) -> SigningKey:
    """Return the newest key that has been published long enough, or else the oldest."""
    known = [row for row in rows if row.created_at <= clock.now() - PUBLISHED_AHEAD]
    return known[-1] if known else rows[0]


def _make_first_key(hub: Hub) -> Sequence[SigningKey]:
    with transaction(hub.engine) as session:
        # Two processes may start together; the second waits here and finds the first one's key. SQLite has waited.
        if hub.engine.dialect.name == "postgresql":
            session.execute(text("LOCK TABLE signing_key IN SHARE ROW EXCLUSIVE MODE"))
        if not list_signing_keys(session):
            _add_key(session, hub.vault)
        return list_signing_keys(session)


def _add_key(session: Session, vault: Vault) -> str:
    key = make_private_key()
    row = SigningKey(
        key_id=key.key_id,
        algorithm=ALGORITHM,
        sealed_private_key=vault.seal(key.jwk, place=_place(key.key_id)),
        created_at=clock.now(),
        retired_at=None,
    )
    session.add(row)
    return key.key_id


def _place(key_id: str) -> str:
    return f"signing_key:{key_id}:sealed_private_key"
