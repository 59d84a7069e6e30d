"""What has run out is thrown away."""

from datetime import timedelta

from sqlalchemy import func, select

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import AuthorizationFailure, PushedRequest, SignInAttempt, TokenRow, UsedProof
from oauth_app.services.access import Access
from oauth_app.services.authorization_failures import Failure, record_failure
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


def test_notes_and_requests_go_in_their_time(hub: Hub, access: Access) -> None:
    """Pushed requests and used proofs go when they have run out, notes of failures after thirty days."""
    soon = clock.now() + timedelta(seconds=90)
    with transaction(hub.engine) as session:
        request = PushedRequest(request_digest="r", partner_id=access.partner_id, parameters={}, expires_at=soon)
        session.add_all([request, UsedProof(proof_digest="p", expires_at=soon)])
        record_failure(session, Failure(code="wrong_redirect_uri", partner_id=access.partner_id, request_id="req_1"))

    counts = []
    for days in (0, 2, 29, 31):
        with clock.moved(timedelta(days=days)):
            sweep(hub)
        with reading(hub.engine) as session:
            tables = (PushedRequest, UsedProof, AuthorizationFailure)
            counts.append(tuple(session.scalar(select(func.count()).select_from(table)) for table in tables))
    assert counts == [(1, 1, 1), (0, 0, 1), (0, 0, 1), (0, 0, 0)]
