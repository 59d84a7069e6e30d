"""The page of the device flow (RFC 8628 3.3 and 5): codes typed by thumbs, and codes that somebody guesses."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Partner, TokenRow, WrongUserCode
from oauth_app.services.device_sign_in import (
    MOST_WRONG_OF_ALL,
    MOST_WRONG_OF_USER,
    AlreadyDecidedError,
    WaitingDevice,
    deny_device,
    find_waiting_device,
)
from tests.fixtures.hub import Person
from tests.fixtures.provider_pages import form_with
from tests.provider.browser import Browser
from tests.provider.conftest import make_device_partner
from tests.provider.device import PAGE, Device, type_code
from tests.provider.partner import ISSUER

WRONG = "BBBB-BBBB"


def test_nobody_types_a_code_before_signing_in(stranger: Browser) -> None:
    """RFC 8628 5.1: every guess is somebody's; and the code in the address survives the sign-in."""
    answer = stranger.open(f"{PAGE}?user_code=BCDF-GHJK")

    assert (answer.status_code, answer.location) == (
        302,
        "/login?next=%2Foauth%2Fdevice%3Fuser_code%3DBCDF-GHJK",
    )


def test_a_code_in_the_address_is_only_filled_in(device: Device, browser: Browser, hub: Hub) -> None:
    """RFC 8628 5.4: a link from anybody looks nothing up and decides nothing; the person compares the code."""
    page = browser.open(device.start()["verification_uri_complete"].removeprefix(ISSUER))

    assert "Does your device show this code?" in page.text
    assert "Television" not in page.text
    browser.open(f"{PAGE}?user_code={WRONG}")
    with reading(hub.engine) as session:
        assert session.query(WrongUserCode).count() == 0


@pytest.mark.parametrize("typed", ["{0}{1}", "{0} {1}", " {0}-{1} ", "{0}\u2013{1}", "{0}--{1}", "{2}{3}", "{2}.{3}"])
def test_a_code_may_be_typed_in_many_ways(device: Device, browser: Browser, typed: str) -> None:
    """RFC 8628 6.1: small letters, spaces, other dashes or none."""
    first, _, second = str(device.start()["user_code"]).partition("-")

    page = type_code(browser, typed.format(first, second, first.lower(), second.lower()))
    assert "Television" in page.text


def test_the_page_says_who_asks_and_warns(device: Device, browser: Browser) -> None:
    """RFC 8628 5.4: the site, the code, what it wants, and not to go on with somebody else's code."""
    codes = device.start()
    page = type_code(browser, codes["user_code"])

    assert all(text in page.text for text in ("Television", codes["user_code"], "Only continue if you started this"))


def test_it_always_asks(device: Device, browser: Browser) -> None:
    """RFC 8628 5.4: what was agreed to before signs no device in."""
    device.agree(browser, device.start())
    codes = device.start()

    page = type_code(browser, codes["user_code"])
    assert form_with(page.text, "decision")
    assert device.poll(codes).get_json()["error"] == "authorization_pending"


@pytest.mark.parametrize("typed", ["", "x", "BCDF-GHJ", "BCDF-GHJKL", "AEIO-UAEI", "1234-5678", "\u4e2d\u6587"])
def test_what_cannot_be_a_code_is_told_so(browser: Browser, hub: Hub, typed: str) -> None:
    """A slip of the thumb is no guess, and does not count as one."""
    page = type_code(browser, typed)

    assert page.status_code == 422
    assert "eight letters" in page.text
    with reading(hub.engine) as session:
        assert session.query(WrongUserCode).count() == 0


def test_an_unknown_code_is_told_so(browser: Browser) -> None:
    """The person compares it with the device."""
    page = type_code(browser, WRONG)
    assert (page.status_code, "There is no such code" in page.text) == (422, True)


def test_an_old_code_is_told_so(device: Device, browser: Browser) -> None:
    """The way on is a new code."""
    code = device.start()["user_code"]
    with clock.moved(timedelta(minutes=11)):
        page = type_code(browser, code)
    assert (page.status_code, "too old" in page.text) == (410, True)


@pytest.mark.parametrize("decision", ["agree", "cancel"])
def test_a_used_code_is_told_so(device: Device, browser: Browser, decision: str) -> None:
    """A code is decided about once."""
    codes = device.start()
    device.decide(browser, codes, decision)

    page = type_code(browser, codes["user_code"])
    assert (page.status_code, "used before" in page.text) == (410, True)


def test_two_tabs_decide_once(device: Device, browser: Browser, hub: Hub) -> None:
    """The second tab hears that it was decided already, and its word changes nothing."""
    codes = device.start()
    action, values = form_with(type_code(browser, codes["user_code"]).text, "user")
    device.decide(browser, codes, "cancel")

    assert browser.post(action, values | {"decision": "agree"}).status_code == 410
    assert device.poll(codes).get_json()["error"] == "access_denied"
    with reading(hub.engine) as session:
        assert session.query(TokenRow).count() == 0


def test_what_one_person_saw_another_does_not_answer(device: Device, browser: Browser, bob: Person) -> None:
    """Somebody else has signed in, in another tab, before the button was pressed."""
    codes = device.start()
    action, values = form_with(type_code(browser, codes["user_code"]).text, "user")
    browser.sign_in(bob)

    assert browser.post(action, values | {"decision": "agree"}).status_code == 302
    assert device.poll(codes).get_json()["error"] == "authorization_pending"


def test_a_decision_needs_the_forms_token(device: Device, browser: Browser) -> None:
    """Another site cannot press the button."""
    codes = device.start()
    action, values = form_with(type_code(browser, codes["user_code"]).text, "user")
    values.pop("csrf_token")

    assert browser.post(action, values | {"decision": "agree"}).status_code == 400
    assert device.poll(codes).get_json()["error"] == "authorization_pending"


def test_limits_that_cannot_be_taken_are_shown_again(device: Device, browser: Browser) -> None:
    """The device waits on until the person has corrected them."""
    codes = device.start(scope="openid charges:write")
    action, values = form_with(type_code(browser, codes["user_code"]).text, "user")

    page = browser.post(action, values | {"decision": "agree", "limit_per_charge": "0"})
    assert page.status_code == 422
    assert browser.post(action, values | {"decision": "agree"}).status_code == 200
    assert device.poll(codes).status_code == 200


def test_who_guesses_is_stopped(device: Device, browser: Browser) -> None:
    """RFC 8628 5.1: after ten wrong codes the right one does not help either, for ten minutes."""
    code = device.start()["user_code"]
    answers = [type_code(browser, WRONG).status_code for _ in range(MOST_WRONG_OF_USER)]

    assert answers == [422] * MOST_WRONG_OF_USER
    page = type_code(browser, code)
    assert (page.status_code, "too many wrong codes" in page.text) == (429, True)
    with clock.moved(timedelta(minutes=10, seconds=1)):
        assert type_code(browser, device.start()["user_code"]).status_code == 200


def test_a_decision_is_no_way_to_guess(browser: Browser, device: Device) -> None:
    """The second step looks codes up as well, and counts as well."""
    _, values = form_with(type_code(browser, device.start()["user_code"]).text, "user")
    guesses = [browser.post(f"{PAGE}/decision?user_code={WRONG}", values).status_code for _ in range(11)]

    assert guesses == [422] * 10 + [429]


def test_one_who_guesses_stops_nobody_else(device: Device, browser: Browser, stranger: Browser, bob: Person) -> None:
    """The count is a person's own."""
    for _ in range(MOST_WRONG_OF_USER + 1):
        type_code(browser, WRONG)
    stranger.sign_in(bob)

    assert type_code(stranger, device.start()["user_code"]).status_code == 200


def test_many_who_guess_together_are_stopped(device: Device, browser: Browser, hub: Hub, bob: Person) -> None:
    """RFC 8628 5.1: a thousand accounts are no way round the count."""
    with transaction(hub.engine) as session:
        tries = range(MOST_WRONG_OF_ALL)
        session.add_all(WrongUserCode(user_id=bob.user_id, tried_at=clock.now()) for _ in tries)

    assert type_code(browser, device.start()["user_code"]).status_code == 429


def test_a_site_that_is_being_tested_lets_only_its_owner_in(app: Flask, hub: Hub, browser: Browser) -> None:
    """As everywhere: a page that says so, and a button that does not help."""
    device = Device(app, make_device_partner(hub, "Prototype", mode="test"))
    codes = device.start()

    assert type_code(browser, codes["user_code"]).status_code == 403
    assert device.poll(codes).get_json()["error"] == "authorization_pending"


def test_a_form_of_before_lets_nobody_into_a_site_that_is_being_tested(app: Flask, hub: Hub, browser: Browser) -> None:
    """The page was shown while the site was live; when the button is pressed, only its owner may come in."""
    device = Device(app, make_device_partner(hub, "Prototype"))
    codes = device.start()
    action, values = form_with(type_code(browser, codes["user_code"]).text, "user")
    with transaction(hub.engine) as session:
        session.get_one(Partner, device.client_id).mode = "test"

    browser.post(action, values | {"decision": "agree"})
    assert device.poll(codes).get_json()["error"] == "access_denied"


def test_of_two_decisions_the_first_counts(device: Device, hub: Hub, alice: Person) -> None:
    """Two tabs have both looked before either decides; on PostgreSQL they can do so at the same moment."""
    codes = device.start()
    with reading(hub.engine) as session:
        waiting = find_waiting_device(session, alice.user_id, codes["user_code"])
    assert isinstance(waiting, WaitingDevice)
    with transaction(hub.engine) as session:
        deny_device(session, waiting)

    with pytest.raises(AlreadyDecidedError), transaction(hub.engine) as session:
        deny_device(session, waiting)


def test_the_picture_is_open_to_the_device(client: FlaskClient) -> None:
    """The device is not signed in, and shows it all the same; nobody keeps a copy."""
    answer = client.get("/oauth/device/qr?user_code=BCDF-GHJK")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
