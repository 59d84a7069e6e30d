"""Signing keys over time: made, published ahead, used, retired, and published a while longer."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, or_, select, text, update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Partner, SigningKey
from oauth_app.provider.signing import ALGORITHMS, DEFAULT_ALGORITHM, PrivateKey, SigningKeys, make_private_key
from oauth_app.vault import Vault

#: A key is published this long before it signs, so that no partner meets a signature whose key it cannot find.
PUBLISHED_AHEAD = timedelta(minutes=5)
#: A key that signs no more is published this long: id_tokens live an hour, copies of the key set a day.
PUBLISHED_AFTER = timedelta(days=1)
_CACHE_LIFE = timedelta(seconds=10)

_cache: WeakKeyDictionary[Engine, tuple[datetime, SigningKeys]] = WeakKeyDictionary()


def load_signing_keys(hub: Hub, *, fresh: bool = False) -> SigningKeys:
    """Return the keys of the moment, at most seconds old; what is missing for a partner's algorithm is made.

    Opens transactions of its own: call it before yours begins.
    """
    loaded_at, keys = _cache.get(hub.engine, (None, None))
    if fresh or loaded_at is None or keys is None or not timedelta() <= clock.now() - loaded_at < _CACHE_LIFE:
        keys = _load(hub)
        _cache[hub.engine] = (clock.now(), keys)
    return keys


def rotate_signing_keys(hub: Hub, algorithm: str | None = None) -> dict[str, str]:
    """Make a new key for each algorithm in use, or for one, and return their ids by algorithm.

    They sign in five minutes, and the others of their algorithm retire. Opens a transaction of its own.
    """
    with reading(hub.engine) as session:
        wanted = [algorithm] if algorithm else sorted({row.algorithm for row in list_signing_keys(session)})
    made = [make_private_key(one) for one in wanted or [DEFAULT_ALGORITHM]]
    with transaction(hub.engine) as session:
        for key in made:
            replace_signing_key(session, hub.vault, key)
    return {key.algorithm: key.key_id for key in made}


def replace_signing_key(session: Session, vault: Vault, key: PrivateKey) -> None:
    """Let the key sign in five minutes, and the others of its algorithm retire. The caller commits."""
    session.execute(
        update(SigningKey)
        .where(SigningKey.algorithm == key.algorithm, SigningKey.retired_at.is_(None))
        .values(retired_at=clock.now() + PUBLISHED_AHEAD + PUBLISHED_AFTER)
    )
    _add_key(session, vault, key)


def list_signing_keys(session: Session) -> Sequence[SigningKey]:
    """Return the published keys, oldest first; ``retired_at`` is when one stops being published."""
    published = or_(SigningKey.retired_at.is_(None), SigningKey.retired_at > clock.now())
    return session.scalars(select(SigningKey).where(published).order_by(SigningKey.created_at)).all()


def _load(hub: Hub) -> SigningKeys:
    with reading(hub.engine) as session:
        rows = list_signing_keys(session)
        missing = _algorithms_in_use(session) - {row.algorithm for row in rows}
    if missing:
        rows = _make_first_keys(hub, sorted(missing))
    signers = {algorithm: _signer(rows, algorithm).key_id for algorithm in {row.algorithm for row in rows}}
    private_jwks = [hub.vault.open(row.sealed_private_key, place=_place(row.key_id), reason="sign") for row in rows]
    return SigningKeys(private_jwks, signers=signers)


def _algorithms_in_use(session: Session) -> set[str]:
    """Return the algorithms that some partner's tokens are signed with; the default one always is."""
    return {DEFAULT_ALGORITHM, *session.scalars(select(Partner.id_token_algorithm).distinct())} & set(ALGORITHMS)


def _signer(rows: Sequence[SigningKey], algorithm: str) -> SigningKey:
    """Return the newest key that has been published long enough, or else the oldest."""
    of_algorithm = [row for row in rows if row.algorithm == algorithm]
    known = [row for row in of_algorithm if row.created_at <= clock.now() - PUBLISHED_AHEAD]
    return known[-1] if known else of_algorithm[0]


def _make_first_keys(hub: Hub, algorithms: Sequence[str]) -> Sequence[SigningKey]:
    made = [make_private_key(algorithm) for algorithm in algorithms]
    with transaction(hub.engine) as session:
        # Two processes may start together; the second waits here and finds the first one's key. SQLite has waited.
        if hub.engine.dialect.name == "postgresql":
            session.execute(text("LOCK TABLE signing_key IN SHARE ROW EXCLUSIVE MODE"))
        there = {row.algorithm for row in list_signing_keys(session)}
        for key in made:
            if key.algorithm not in there:
                _add_key(session, hub.vault, key)
        session.flush()
        return list_signing_keys(session)


def _add_key(session: Session, vault: Vault, key: PrivateKey) -> None:
    row = SigningKey(
        key_id=key.key_id,
        algorithm=key.algorithm,
        sealed_private_key=vault.seal(key.jwk, place=_place(key.key_id)),
        created_at=clock.now(),
        retired_at=None,
    )
    session.add(row)


def _place(key_id: str) -> str:
    return f"signing_key:{key_id}:sealed_private_key"
