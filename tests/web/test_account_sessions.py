"""Where one is signed in: a list, and the end of one or of all."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import BrowserSession, User
from oauth_app.services.consent import Agreement, agree
from oauth_app.services.partner_sessions import open_partner_session
from oauth_app.web.browser_words import browser_words
from tests.fixtures.hub import make_partner
from tests.fixtures.live import Browser, LiveHub

ALICE = "alice@example.com"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:147.0) Gecko/20100101 Firefox/147.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/19.1 Mobile/15E148 Safari/604.1"
)


def sessions(hub: Hub) -> list[BrowserSession]:
    """Return all sessions, the oldest first."""
    with reading(hub.engine) as session:
        return list(session.scalars(select(BrowserSession).order_by(BrowserSession.id)))


def open_browser(live: LiveHub, user_agent: str, email: str = ALICE) -> Browser:
    """Sign in with another browser."""
    browser = Browser(url=live.url)
    browser.http.headers["User-Agent"] = user_agent
    browser.sign_in(email)
    return browser


def is_signed_in(browser: Browser) -> bool:
    """Tell whether the account page opens."""
    return browser.get("/account", allow_redirects=False).status_code == 200


def end(browser: Browser, session_id: str, *, everywhere: bool = False) -> str:
    """Press the button beside a session, or the one for all; return the page that follows."""
    page = browser.get("/account")
    values = {"csrf_token": page.text.split('name="csrf_token" value="')[1].split('"')[0]}
    path = "/account/sessions/end-all" if everywhere else f"/account/sessions/{session_id}/end"
    return browser.http.post(browser.url + path, data=values, timeout=15).text


def test_the_list_names_each_browser(live_hub: LiveHub) -> None:
    """In words, with this one marked."""
    open_browser(live_hub, SAFARI)
    page = open_browser(live_hub, FIREFOX).get("/account").text

    assert page.index("Firefox on Windows") < page.index("this one") < page.index("Safari on iPhone")
    assert page.count("this one") == 1


def test_one_session_can_be_ended(live_hub: LiveHub) -> None:
    """That browser is out; this one stays."""
    lost = open_browser(live_hub, SAFARI)
    here = open_browser(live_hub, FIREFOX)

    page = end(here, sessions(live_hub.hub)[0].id)

    assert "Signed out there" in page
    assert (is_signed_in(lost), is_signed_in(here)) == (False, True)


def test_ending_this_session_signs_out(live_hub: LiveHub) -> None:
    """As the button at the top does."""
    here = open_browser(live_hub, FIREFOX)

    assert "You are signed out" in end(here, sessions(live_hub.hub)[0].id)
    assert not is_signed_in(here)


def test_signing_out_everywhere_tells_the_sites(live_hub: LiveHub) -> None:
    """Every browser is out, and the page names the sites that hear of it."""
    browsers = [open_browser(live_hub, agent) for agent in (SAFARI, FIREFOX)]
    shop = make_partner(live_hub.hub.engine, name="Listener", backchannel_logout_uri="http://127.0.0.1:1/logout")
    with transaction(live_hub.hub.engine) as session:
        user_id = session.scalars(select(User.id)).one()
        consent = agree(session, Agreement(user_id=user_id, partner_id=shop.client_id, scopes=["openid"]))
        open_partner_session(session, sessions(live_hub.hub)[0].id, consent)

    page = end(browsers[1], "", everywhere=True)

    assert "You are signed out" in page
    assert "Listener" in page
    assert [is_signed_in(browser) for browser in browsers] == [False, False]


def test_a_session_of_another_is_not_there(live_hub: LiveHub) -> None:
    """Nobody can sign somebody else out, even knowing the id."""
    alice = open_browser(live_hub, FIREFOX)
    bob = open_browser(live_hub, SAFARI, "bob@example.com")

    assert "Not found" in end(bob, sessions(live_hub.hub)[0].id)
    assert is_signed_in(alice)


def test_ending_needs_the_forms_token(live_hub: LiveHub) -> None:
    """Another site cannot press the button."""
    here = open_browser(live_hub, FIREFOX)

    for path in (f"/account/sessions/{sessions(live_hub.hub)[0].id}/end", "/account/sessions/end-all"):
        assert here.http.post(here.url + path, timeout=15).status_code == 400
    assert is_signed_in(here)


def test_last_seen_is_kept_now_and_then(live_hub: LiveHub) -> None:
    """A visit minutes later is noted, one right after it is not: a page is no write."""
    here = open_browser(live_hub, FIREFOX)
    first = sessions(live_hub.hub)[0].seen_at
    here.get("/account")
    assert sessions(live_hub.hub)[0].seen_at == first

    with clock.moved(timedelta(minutes=6)):
        here.get("/account")
    assert sessions(live_hub.hub)[0].seen_at > first + timedelta(minutes=5)


def test_a_sign_in_changes_the_cookie(live_hub: LiveHub) -> None:
    """A session that somebody planted before the sign-in is worth nothing after it."""
    here = open_browser(live_hub, FIREFOX)
    planted = here.http.cookies.get_dict()
    here.sign_in(ALICE, "/login?again=1")

    thief = Browser(url=live_hub.url)
    thief.http.cookies.update(planted)
    assert (is_signed_in(thief), is_signed_in(here)) == (False, True)
    assert len(sessions(live_hub.hub)) == 1


def test_a_very_long_name_is_cut(live_hub: LiveHub) -> None:
    """What the browser calls itself is shown, never trusted."""
    open_browser(live_hub, "<script>" + "x" * 5000)

    assert len(sessions(live_hub.hub)[0].user_agent) == 256


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox on Windows"),
        (SAFARI, "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/143.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/143.0 Safari/537.36 Edg/143.0", "Edge on Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0 Safari/537.36", "Chrome on Linux"),
        ("curl/8.7", "A browser that does not say which"),
        ("", "A browser that does not say which"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 15_1)", "macOS"),
    ],
)
def test_browsers_have_names(user_agent: str, words: str) -> None:
    """As far as they say so themselves."""
    assert browser_words(user_agent) == words
