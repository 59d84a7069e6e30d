"""The sealed token of a user: who signs in again is not thrown out by an older failure."""

import pytest
from sqlalchemy import select, update

from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import UpstreamConnection
from oauth_app.services.connections import ConnectionLostError, connect, mark_lost, open_token
from oauth_app.vault import VaultError
from tests.fixtures.hub import Person


def test_a_refused_token_is_destroyed(hub: Hub, alice: Person) -> None:
    """What OhMyGPT does not take any more is not kept, and the user is told to sign in."""
    with transaction(hub.engine) as session:
        mark_lost(session, hub.vault, alice.user_id, refused=alice.upstream_token)
    with pytest.raises(ConnectionLostError), reading(hub.engine) as session:
        open_token(session, hub.vault, alice.user_id, reason="test")


def test_a_newer_token_survives_an_older_refusal(hub: Hub, alice: Person) -> None:
    """A refusal that arrives after the next sign-in leaves the new token alone."""
    with transaction(hub.engine) as session:
        connect(session, hub.vault, alice.user_id, "the-new-token")
        mark_lost(session, hub.vault, alice.user_id, refused=alice.upstream_token)
        assert open_token(session, hub.vault, alice.user_id, reason="test") == "the-new-token"


def test_a_token_does_not_open_in_another_row(hub: Hub, alice: Person, bob: Person) -> None:
    """Whoever can write to the database still cannot give one user's money to another."""
    with transaction(hub.engine) as session:
        sealed = session.scalar(
            select(UpstreamConnection.sealed_token).where(UpstreamConnection.user_id == alice.user_id)
        )
        session.execute(
            update(UpstreamConnection).where(UpstreamConnection.user_id == bob.user_id).values(sealed_token=sealed)
        )
    with pytest.raises(VaultError), reading(hub.engine) as session:
        open_token(session, hub.vault, bob.user_id, reason="test")


def test_the_database_holds_no_token(hub: Hub, alice: Person) -> None:
    """The bytes in the file are not the token."""
    with reading(hub.engine) as session:
        sealed = session.scalars(select(UpstreamConnection.sealed_token)).one()
    assert sealed is not None
    assert alice.upstream_token.encode() not in sealed
