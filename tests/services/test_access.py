"""What a token still means after something behind it has changed."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Consent
from oauth_app.provider.tokens import ACCESS_LIFE
from oauth_app.services.access import Access, InsufficientScopeError, InvalidTokenError, find_access
from oauth_app.services.browser_sessions import SESSION_LIFE, find_login, start_session
from oauth_app.services.partners import Credentials
from oauth_app.services.scopes import Scope
from tests.fixtures.grants import grant
from tests.fixtures.hub import Person


@pytest.fixture
def token(hub: Hub, alice: Person, shop: Credentials) -> str:
    """An access token of the shop for alice."""
    return grant(hub.engine, alice.user_id, shop.client_id)


def look(hub: Hub, token: str) -> Access:
    """Return what the token stands for now."""
    with reading(hub.engine) as session:
        return find_access(session, token)


def change_consent(hub: Hub, **values: object) -> None:
    """Change the one consent there is, and nothing else."""
    with transaction(hub.engine) as session:
        session.execute(update(Consent).values(**values))


def test_a_revoked_consent_is_enough(hub: Hub, token: str) -> None:
    """Even a token that was forgotten when the consent was revoked opens nothing."""
    change_consent(hub, revoked_at=clock.now())
    with pytest.raises(InvalidTokenError):
        look(hub, token)


def test_a_scope_taken_back_does_not_count(hub: Hub, token: str) -> None:
    """What the consent does not hold any more, an older token does not give."""
    change_consent(hub, scopes=["openid"])
    with pytest.raises(InsufficientScopeError):
        look(hub, token).require(Scope.CHARGES_WRITE)


def test_a_token_ends(hub: Hub, token: str) -> None:
    """After an hour an access token opens nothing."""
    with clock.moved(ACCESS_LIFE + timedelta(seconds=1)), pytest.raises(InvalidTokenError):
        look(hub, token)


def test_a_browser_session_ends(hub: Hub, alice: Person) -> None:
    """After a week the browser is signed out, whatever its cookie says."""
    with transaction(hub.engine) as session:
        cookie = start_session(session, alice.user_id)
        assert find_login(session, cookie)
        with clock.moved(SESSION_LIFE + timedelta(seconds=1)):
            assert find_login(session, cookie) is None
