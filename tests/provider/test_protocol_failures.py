"""Why an exchange failed: kept for the partner's developer, never with a code, a token or a secret in it."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from oauth_app import clock
from oauth_app.db import reading
from oauth_app.hub import Hub
from oauth_app.models import AuthorizationFailure
from tests.provider.browser import Browser
from tests.provider.partner import CALLBACK, PartnerSite

ELSEWHERE = "https://shop.example/elsewhere"


def failures(hub: Hub, site: PartnerSite) -> list[AuthorizationFailure]:
    """Return what is kept about the site."""
    of_site = select(AuthorizationFailure).where(AuthorizationFailure.partner_id == site.id)
    with reading(hub.engine) as session:
        return list(session.scalars(of_site.order_by(AuthorizationFailure.id)))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_secret": "omc_sk_wrong"}, "wrong_client_secret"),
        ({"client_secret": ""}, "wrong_client_authentication_method"),
        ({"redirect_uri": ELSEWHERE}, "wrong_redirect_uri"),
        ({"redirect_uri": ""}, "wrong_redirect_uri"),
        ({"code_verifier": "x" * 43}, "wrong_code_verifier"),
        ({"code_verifier": ""}, "code_verifier_missing"),
        ({"code": "omc_ac_unknown"}, "unknown_code"),
        ({"code": ""}, "invalid_request"),
        ({"grant_type": "client_credentials"}, "unauthorized_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_a_failed_exchange_is_explained(
    hub: Hub, browser: Browser, site: PartnerSite, changes: dict[str, str], code: str
) -> None:
    """By a name that says what to look at, with the id of the request."""
    answer = site.exchange(**({"code": site.code(browser)} | changes))

    kept = failures(hub, site)
    if code == "unsupported_grant_type":
        assert kept == []  # nobody was asked who they are
        return
    assert [row.code for row in kept] == [code]
    assert kept[0].request_id == answer.headers["X-Request-Id"]
    assert kept[0].details["error"] == answer.get_json()["error"]


def test_a_wrong_address_is_shown_beside_the_right_one(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """The most frequent mistake is seen at a glance."""
    site.exchange(site.code(browser), redirect_uri=ELSEWHERE)

    details = failures(hub, site)[0].details
    assert (details["redirect_uri"], details["redirect_uri_of_code"]) == (ELSEWHERE, CALLBACK)


def test_a_used_and_an_expired_code_are_told_apart(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """The first may be an attack, the second is a slow server; and what the replay revoked stays revoked."""
    code = site.code(browser)
    token = site.exchange(code).get_json()["access_token"]
    site.exchange(code)
    late = site.code(browser)
    with clock.moved(timedelta(seconds=61)):
        site.exchange(late)

    assert [row.code for row in failures(hub, site)] == ["code_used_before", "code_expired"]
    assert site.userinfo(token).status_code == 401


def test_a_stolen_and_an_expired_refresh_token_are_told_apart(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """The family of the first ends with it."""
    first, second = site.tokens(browser)["refresh_token"], site.tokens(browser)["refresh_token"]
    site.refresh(first)
    with clock.moved(timedelta(minutes=1)):
        site.refresh(first)
    with clock.moved(timedelta(days=91)):
        site.refresh(second)

    assert [row.code for row in failures(hub, site)] == [
        "refresh_token_used_before",
        "refresh_token_expired_or_revoked",
    ]


def test_nothing_secret_is_kept(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """The log is read by people."""
    code, tokens = site.code(browser), site.tokens(browser)
    secrets = [code, site.verifier, site.secret, tokens["refresh_token"]]
    site.exchange(code, redirect_uri=ELSEWHERE)
    site.exchange(code, code_verifier="x" * 43)
    site.refresh(tokens["refresh_token"], scope="openid api")
    site.refresh(tokens["refresh_token"], client_secret=site.secret + "x")

    text = str([_all_of(row) for row in failures(hub, site)])
    assert len(failures(hub, site)) == 4
    assert not [secret for secret in secrets if secret in text]


def test_success_and_strangers_are_not_kept(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """Nobody could look up what belongs to no partner; so a stranger cannot fill the log."""
    site.tokens(browser)
    site.ask_token(client_id="ptn_unknown", grant_type="refresh_token", refresh_token="x")

    with reading(hub.engine) as session:
        assert session.scalars(select(AuthorizationFailure)).all() == []


def _all_of(row: AuthorizationFailure) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in AuthorizationFailure.__table__.columns}
