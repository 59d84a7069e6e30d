"""One site in the console: its failed sign-ins, its mode, its logo, and the way to try it."""

from html import unescape
from re import search
from typing import Any

import pytest

from oauth_app.db import transaction
from oauth_app.services.authorization_failures import Failure, record_failure
from oauth_app.services.partner_logos import MAX_LOGO_BYTES
from tests.fixtures.live import Browser, LiveHub
from tests.web.console import CALLBACK, Developer, Site, value_of
from tests.web.pictures import SVG, picture


def fail(live: LiveHub, site: Site, code: str, **details: str) -> str:
    """Let a sign-in fail, and return the id that the user reads out."""
    with transaction(live.hub.engine) as session:
        wish = Failure(code=code, partner_id=site.id, request_id="req_1", details=details)
        return record_failure(session, wish)


def send_logo(developer: Developer, site: Site, **parts: Any) -> int:  # noqa: ANN401 - parts of a form
    """Upload a logo, or give its address, and return the status."""
    token = value_of(developer.browser.get(f"{site.path}/settings").text, "csrf_token", by="name")
    parts["data"] = {"csrf_token": token} | parts.get("data", {})
    url = f"{developer.browser.url}{site.path}/logo"
    return developer.browser.http.post(url, timeout=15, allow_redirects=False, **parts).status_code


def logo_in(page: str) -> str | None:
    """Return the address of the logo on a page."""
    found = search(r'<img class="hub-logo" src="([^"]+)"', page)
    return unescape(found[1]) if found else None


def test_a_wrong_address_is_shown_with_its_difference(
    alice_at_work: Developer, module_hub: LiveHub, site: Site
) -> None:
    """What was sent and what is registered stand above each other, and what differs is marked."""
    fail(module_hub, site, "wrong_redirect_uri", sent=f"{CALLBACK}/", registered=CALLBACK)
    page = alice_at_work.browser.get(f"{site.path}/failures").text

    assert "letter for letter" in page
    assert f"{CALLBACK}<mark>/</mark>" in page
    assert f"{CALLBACK}<mark><i>nothing</i></mark>" in page


def test_a_failure_is_found_by_its_id(alice_at_work: Developer, module_hub: LiveHub, site: Site) -> None:
    """The id that a user reads out leads to the one failure, its reason and its request."""
    other = fail(module_hub, site, "consent_required")
    wanted = fail(module_hub, site, "code_used_before")
    page = alice_at_work.browser.get(f"{site.path}/failures?error={wanted}").text

    assert "The code was used before" in page
    assert "req_1" in page
    assert other not in page


def test_a_failure_elsewhere_is_not_found(bob_at_work: Developer, module_hub: LiveHub, site: Site) -> None:
    """An id leads to nothing in the console of another site."""
    wanted = fail(module_hub, site, "code_used_before")
    other = bob_at_work.created()
    page = bob_at_work.browser.get(f"{other.path}/failures?error={wanted}").text

    assert "No failure of this id" in page
    assert "used before" not in page


def test_what_a_stranger_sent_is_shown_as_text(alice_at_work: Developer, module_hub: LiveHub, site: Site) -> None:
    """A failure's details are written by whoever made the request."""
    wanted = fail(module_hub, site, "invalid_request", scope="<script>alert(1)</script>")
    page = alice_at_work.browser.get(f"{site.path}/failures?error={wanted}").text

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize("query", ["error=%00", "before=%00", "before=err_zzz", "error=" + "x" * 3000])
def test_a_strange_question_is_harmless(alice_at_work: Developer, site: Site, query: str) -> None:
    """Whatever is looked up gives a page."""
    assert alice_at_work.browser.get(f"{site.path}/failures?{query}").status_code == 200


def test_strangers_wait_until_a_site_is_live(alice_at_work: Developer, bob_at_work: Developer) -> None:
    """In test mode the owner is asked to agree, and somebody else is told why not; live, both are asked."""
    site = alice_at_work.created()
    link = search(r'href="(/oauth/authorize[^"]+)"', alice_at_work.browser.get(site.path).text)
    assert link is not None
    address = unescape(link[1])

    assert "You are alice@example.com." in alice_at_work.browser.get(address).text
    page = bob_at_work.browser.get(address)
    assert page.status_code == 403
    assert "only the person who builds it" in page.text
    assert 'value="agree"' not in page.text

    alice_at_work.send(site.path, to=f"{site.path}/live")
    assert alice_at_work.row(site).mode == "live"  # a sandbox has nobody who would have to agree
    assert 'value="agree"' in bob_at_work.browser.get(address).text


def test_nobody_agrees_to_a_test_site_behind_its_back(alice_at_work: Developer, bob_at_work: Developer) -> None:
    """The form's address refuses a stranger, too, and a silent request is answered with an error."""
    site = alice_at_work.created()
    link = search(r'href="(/oauth/authorize[^"]+)"', alice_at_work.browser.get(site.path).text)
    assert link is not None
    address = unescape(link[1])
    fields = {"user": bob_at_work.user_id, "decision": "agree"}
    posted = bob_at_work.send(
        "/developers/sites/new", to=address.replace("/oauth/authorize", "/oauth/consent"), **fields
    )
    silent = bob_at_work.browser.get(address.replace("prompt=consent", "prompt=none"), allow_redirects=False)

    assert "code=" not in posted.headers["Location"]
    assert "error=access_denied" in silent.headers["Location"]


def test_a_deleted_site_lets_nobody_in(alice_at_work: Developer) -> None:
    """After the deletion no sign-in begins, and its owner cannot take it back."""
    site = alice_at_work.created()
    alice_at_work.send(f"{site.path}/delete")
    page = alice_at_work.browser.get(site.path).text

    assert alice_at_work.row(site).disabled_at is not None
    assert "Only the operator can switch it on again" in page
    assert alice_at_work.browser.get(f"/oauth/authorize?client_id={site.id}").status_code == 400


def test_a_logo_is_uploaded_and_shown(alice_at_work: Developer, module_hub: LiveHub) -> None:
    """The picture stands on the site's pages, comes from here, and is kept by browsers for ever."""
    site = alice_at_work.created()
    assert send_logo(alice_at_work, site, files={"file": ("logo.svg", picture("JPEG"))}) == 302
    address = logo_in(alice_at_work.browser.get(site.path).text)
    assert address is not None
    picture_page = Browser(url=module_hub.url).get(address)  # without any cookie

    assert picture_page.content.startswith(b"\x89PNG")
    assert picture_page.headers["Content-Type"] == "image/png"
    assert picture_page.headers["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in picture_page.headers["Cache-Control"]
    assert "Set-Cookie" not in picture_page.headers


@pytest.mark.parametrize("content", [SVG, b"GIF89a", picture() + bytes(MAX_LOGO_BYTES)])
def test_a_wrong_logo_is_explained(alice_at_work: Developer, site: Site, content: bytes) -> None:
    """What is no picture changes nothing, whatever its name says."""
    assert send_logo(alice_at_work, site, files={"file": ("logo.png", content)}) == 422
    assert logo_in(alice_at_work.browser.get(site.path).text) is None


def test_a_logo_that_cannot_be_fetched_is_explained(alice_at_work: Developer, site: Site) -> None:
    """An address that gives nothing, or must not be asked, is a message in the form."""
    assert send_logo(alice_at_work, site, data={"address": "http://10.0.0.1/logo.png"}) == 422


def test_a_removed_logo_gives_way_to_the_initials(alice_at_work: Developer) -> None:
    """Without a logo the initials of the name stand in its place."""
    site = alice_at_work.created()
    send_logo(alice_at_work, site, files={"file": ("logo.png", picture())})
    send_logo(alice_at_work, site, data={"remove": "yes"})
    page = alice_at_work.browser.get(site.path).text

    assert logo_in(page) is None
    assert "hub-initials" in page


@pytest.mark.parametrize("path", ["ptn_1/logo/abc.png", "%00/logo/%00.png", "../logo/abc.png"])
def test_an_unknown_logo_is_not_found(module_hub: LiveHub, path: str) -> None:
    """Neither a wrong name nor a strange one gives a picture."""
    assert Browser(url=module_hub.url).get(f"/partners/{path}").status_code == 404
