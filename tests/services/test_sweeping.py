"""What has run out is thrown away."""

from datetime import timedelta

from sqlalchemy import func, select

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import SignInAttempt, TokenRow
from oauth_app.services.access import Access
from oauth_app.services.browser_sessions import find_login, start_session
from oauth_app.services.sign_in import begin_sign_in
from oauth_app.services.sweeping import sweep
from tests.fixtures.hub import Person


def test_what_lives_is_kept(hub: Hub, access: Access, alice: Person) -> None:
    """A sweep takes neither good tokens, nor sessions, nor sign-ins under way."""
    with transaction(hub.engine) as session:
        token = start_session(session, access.user_id)
        begin_sign_in(session, "browser", "/account")

    assert sweep(hub) == 0
    with reading(hub.engine) as session:
        login = find_login(session, token)
    assert login is not None
    assert login.user_id == alice.user_id


def test_what_has_run_out_goes(hub: Hub, access: Access) -> None:
    """Tokens, sessions and sign-ins that ran out long ago leave no row behind."""
    with transaction(hub.engine) as session:
        start_session(session, access.user_id)
        for number in range(501):  # more than one batch
            begin_sign_in(session, f"browser-{number}", "/account")

    with clock.moved(timedelta(days=60)):
        assert sweep(hub) == 1 + 1 + 501
    with reading(hub.engine) as session:
        left = [session.scalar(select(func.count()).select_from(table)) for table in (TokenRow, SignInAttempt)]
    assert left == [0, 0]
