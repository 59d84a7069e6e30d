"""A pooled connection to PostgreSQL that may have died is not handed out."""

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DataError, OperationalError

from oauth_app import db


@pytest.fixture
def lost(postgresql: Engine) -> Engine:
    """An engine whose one pooled connection has been ended by the server."""
    with postgresql.connect() as other:
        with postgresql.connect() as only:
            number = only.scalar(text("SELECT pg_backend_pid()"))
        assert other.scalar(text("SELECT pg_terminate_backend(:number, 5000)"), {"number": number})
        other.detach()  # and so it does not come into the pool
    return postgresql


@pytest.mark.postgres
def test_a_rested_connection_is_asked_first(lost: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a rest the connection is asked whether it is alive, and a lost one is replaced."""
    monkeypatch.setattr(db, "RESTED_S", 0)
    with db.transaction(lost) as session:
        assert session.scalar(text("SELECT 1")) == 1


@pytest.mark.postgres
def test_a_lost_connection_fails_once(lost: Engine) -> None:
    """A connection that was used a moment ago is not asked; if it is lost the whole pool is made anew."""
    with pytest.raises(OperationalError), db.transaction(lost) as session:
        session.scalar(text("SELECT 1"))
    with db.transaction(lost) as session:
        assert session.scalar(text("SELECT 1")) == 1


@pytest.mark.postgres
def test_a_bare_statement_fails_as_any_other(postgresql: Engine) -> None:
    """The error is the one that SQLAlchemy raises, and the transaction is rolled back."""
    with pytest.raises(DataError, match="division by zero"), db.transaction(postgresql) as session:
        db.run_bare(session.connection(), "SELECT 1 / %(zero)s::int", {"zero": "0"})
    with db.transaction(postgresql) as session:
        assert db.run_bare(session.connection(), "SELECT generate_series(1, %(many)s::int)", {"many": "3"}) == 3


@pytest.mark.postgres
def test_a_bare_statement_on_a_lost_connection_empties_the_pool(postgresql: Engine) -> None:
    """Only the first fails, although the server has ended all that were in the pool."""
    with postgresql.connect() as other:
        with postgresql.connect() as first, postgresql.connect() as second:
            numbers = [each.scalar(text("SELECT pg_backend_pid()")) for each in (first, second)]
        for number in numbers:
            assert other.scalar(text("SELECT pg_terminate_backend(:number, 5000)"), {"number": number})
        other.detach()
    with pytest.raises(OperationalError) as failure, db.transaction(postgresql) as session:
        db.run_bare(session.connection(), "SELECT 1", {})
    assert failure.value.connection_invalidated
    with db.transaction(postgresql) as session:
        assert db.run_bare(session.connection(), "SELECT 1", {}) == 1
