"""Pushed authorization requests (RFC 9126)."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from oauth_app import clock
from oauth_app.db import reading
from oauth_app.hub import Hub
from oauth_app.models import AuthorizationFailure, PushedRequest
from tests.fixtures.hub import Person
from tests.provider.browser import Browser, query_of
from tests.provider.partner import CALLBACK, ISSUER, PartnerSite


def test_a_push_is_answered_with_a_name(site: PartnerSite) -> None:
    """RFC 9126 2.2: 201, a name that nobody can guess, and how long it lasts."""
    answer = site.push()

    pushed = answer.get_json()
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-cache, no-store")
    assert pushed["request_uri"].startswith("urn:ietf:params:oauth:request_uri:omc_pr_")
    assert 60 <= pushed["expires_in"] <= 90


def test_a_pushed_request_signs_in(browser: Browser, site: PartnerSite) -> None:
    """The browser brings the name alone; state, challenge and all come from the push."""
    back = query_of(browser.allow(site.pushed_link()))

    assert (back["state"], back["iss"]) == ("s1", ISSUER)
    assert site.exchange(back["code"]).status_code == 200


def test_a_public_client_pushes(browser: Browser, public_site: PartnerSite) -> None:
    """RFC 9126 2: who has no secret names itself."""
    assert browser.allow(public_site.pushed_link()).startswith(f"{CALLBACK}?code=")


def test_no_secret_is_kept(hub: Hub, site: PartnerSite) -> None:
    """What the client proves itself with is not written down."""
    site.push()

    with reading(hub.engine) as session:
        row = session.scalars(select(PushedRequest)).one()
    assert site.secret not in str(row.parameters)
    assert "client_secret" not in row.parameters


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_secret": ""}, 401, "invalid_client"),
        ({"redirect_uri": "https://evil.example"}, 400, "invalid_request"),
        ({"redirect_uri": ""}, 400, "invalid_request"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, 400, "invalid_request"),
        ({"request": "e30.e30."}, 400, "request_not_supported"),
        ({"response_type": "token"}, 400, "unsupported_response_type"),
        ({"scope": "address"}, 400, "invalid_scope"),
        ({"code_challenge": ""}, 400, "invalid_request"),
        ({"code_challenge_method": "plain"}, 400, "invalid_request"),
        ({"claims": "[]"}, 400, "invalid_request"),
        ({"id_token_hint": "x"}, 400, "invalid_request"),
        ({"ui_locales": "x" * 20_000}, 400, "invalid_request"),
    ],
)
def test_a_bad_push_is_refused_at_once(site: PartnerSite, changes: dict[str, str], status: int, error: str) -> None:
    """RFC 9126 2.3: all checks are made before a name is given, and the answer is for a program."""
    answer = site.push(**changes)

    assert (answer.status_code, answer.get_json()["error"]) == (status, error)
    assert answer.location is None


def test_a_push_is_a_post(client: FlaskClient) -> None:
    """RFC 9126 2.3: any other method is refused."""
    assert client.get("/oauth/par").status_code == 405


def test_a_wrong_address_is_noted_for_the_partner(hub: Hub, site: PartnerSite) -> None:
    """The console shows where the address differs, as for a browser's request."""
    site.push(redirect_uri=f"{CALLBACK}/")

    with reading(hub.engine) as session:
        failure = session.scalars(select(AuthorizationFailure)).one()
    assert failure.code == "wrong_redirect_uri"
    assert failure.partner_id == site.id


def test_a_name_ends_a_sign_in_once(browser: Browser, site: PartnerSite) -> None:
    """RFC 9126 4: used up by the answer; going back shows a page that says so."""
    link = site.pushed_link()
    browser.allow(link)
    again = browser.open(link)

    assert (again.status_code, again.location) == (400, None)
    assert "finished" in again.text
    assert "err_" in again.text


def test_a_no_uses_the_name_up_too(browser: Browser, site: PartnerSite) -> None:
    """So does an error, for the partner has its answer."""
    link = site.pushed_link()
    assert query_of(browser.decide(browser.open(link), "cancel").location)["error"] == "access_denied"

    assert browser.open(link).status_code == 400


def test_two_tabs_get_one_code(browser: Browser, site: PartnerSite) -> None:
    """Two consent pages of one name: the second answer meets a used one."""
    link = site.pushed_link()
    first, second = browser.open(link), browser.open(link)

    assert browser.decide(first).location.startswith(CALLBACK)
    assert browser.decide(second).status_code == 400


def test_the_consent_page_can_be_reloaded(browser: Browser, site: PartnerSite) -> None:
    """Looking is not using."""
    link = site.pushed_link()
    assert [browser.open(link).status_code for _ in range(3)] == [200, 200, 200]

    assert browser.allow(link).startswith(f"{CALLBACK}?code=")


def test_a_name_that_nobody_brings_runs_out(browser: Browser, site: PartnerSite) -> None:
    """After its life there is a page, not a redirect."""
    link = site.pushed_link()

    with clock.moved(timedelta(seconds=91)):
        page = browser.open(link)
    assert (page.status_code, page.location) == (400, None)
    assert "Too much time has passed" in page.text


def test_a_slow_sign_in_is_not_cut_off(stranger: Browser, site: PartnerSite, alice: Person) -> None:
    """Once a browser has brought the name, the person has time to sign in and to read."""
    back = query_of(stranger.open(site.pushed_link()).location)["next"]

    with clock.moved(timedelta(minutes=9)):
        stranger.sign_in(alice)
        page = stranger.open(back)
        with clock.moved(timedelta(minutes=9)):
            assert stranger.decide(page).location.startswith(f"{CALLBACK}?code=")
    with clock.moved(timedelta(hours=2)):
        assert stranger.open(back).status_code == 400


def test_the_name_is_its_owners(browser: Browser, site: PartnerSite, other_site: PartnerSite) -> None:
    """RFC 9126 2.2: bound to the client that pushed it."""
    link = site.pushed_link().replace(site.id, other_site.id)

    assert browser.open(link).status_code == 400


@pytest.mark.parametrize("name", ["", "x", "omc_pr_x", "omc_pr_" + "a" * 38, "\0"])
def test_an_invented_name_is_nothing(browser: Browser, site: PartnerSite, name: str) -> None:
    """What was never pushed is a page."""
    answer = browser.client.get(
        "/oauth/authorize",
        query_string={"client_id": site.id, "request_uri": f"urn:ietf:params:oauth:request_uri:{name}"},
    )

    assert (answer.status_code, answer.location) == (400, None)


def test_what_stands_beside_the_name_does_not_count(browser: Browser, site: PartnerSite) -> None:
    """RFC 9101 6.3: a browser, or who made its link, changes nothing about a pushed request."""
    extra = "&redirect_uri=https://evil.example&state=evil&scope=api&prompt=none&response_mode=form_post"
    back = browser.allow(site.pushed_link(scope="openid") + extra)

    assert back.startswith(f"{CALLBACK}?code=")
    tokens = site.exchange(query_of(back)["code"]).get_json()
    assert (query_of(back)["state"], tokens["scope"]) == ("s1", "openid")


def test_who_promised_to_push_must(browser: Browser, pushing_site: PartnerSite) -> None:
    """RFC 9126 5: a plain request of such a partner is somebody else's."""
    assert query_of(browser.open(pushing_site.link()).location)["error"] == "invalid_request"
    assert browser.allow(pushing_site.pushed_link()).startswith(f"{CALLBACK}?code=")


def test_the_pages_speak_as_asked(browser: Browser, site: PartnerSite) -> None:
    """``ui_locales`` counts where it was pushed, too."""
    assert 'lang="zh-CN"' in browser.open(site.pushed_link(ui_locales="zh-CN en")).text


def test_the_endpoint_is_announced(app: Flask) -> None:
    """RFC 9126 5: where it is, and that it is nobody's duty by default."""
    metadata = app.test_client().get("/.well-known/openid-configuration").get_json()

    assert metadata["pushed_authorization_request_endpoint"] == f"{ISSUER}/oauth/par"
    assert metadata["require_pushed_authorization_requests"] is False
