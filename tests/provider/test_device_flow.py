"""The device flow (RFC 8628), from the device's first question to its tokens."""

import io
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import AuthorizationFailure, DeviceGrant, Partner
from oauth_app.provider.clients import DEVICE_CODE_GRANT
from oauth_app.services.browser_sessions import end_all_sessions
from oauth_app.services.consent import find_consent, revoke_consent
from tests.fixtures.hub import Person, make_partner
from tests.provider.browser import Browser
from tests.provider.device import Device, type_code
from tests.provider.prover import Prover


def error_of(answer: TestResponse) -> str:
    """Return the error of a refusal."""
    assert answer.status_code == 400, answer.text
    return str(answer.get_json()["error"])


def test_a_device_gets_its_codes(device: Device, hub: Hub) -> None:
    """RFC 8628 3.2: all members, the address with the code in it, and nothing in clear in the database."""
    codes = device.start()

    assert (codes["expires_in"], codes["interval"]) == (600, 5)
    assert codes["device_code"].startswith("omc_dc_")
    assert codes["verification_uri"] == "http://127.0.0.1:8000/oauth/device"
    assert codes["verification_uri_complete"] == f"{codes['verification_uri']}?user_code={codes['user_code']}"
    with reading(hub.engine) as session:
        kept = str(vars(session.query(DeviceGrant).one()))
    assert codes["device_code"] not in kept
    assert codes["user_code"] not in kept


def test_a_device_names_no_details(device: Device) -> None:
    """RFC 9396 is for requests by a browser here; ignored, a limit would seem to be set."""
    answer = device.ask_codes(scope="openid api", authorization_details='[{"type": "ohmygpt_ai"}]')

    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_authorization_details")


def test_no_code_spells_a_word(device: Device) -> None:
    """RFC 8628 6.1: eight consonants in two groups."""
    codes = {device.start()["user_code"] for _ in range(20)}

    assert len(codes) == 20
    assert all(len(code) == 9 and code[4] == "-" and not set(code) & set("AEIOUY0123456789") for code in codes)


def test_the_address_is_drawn_for_who_cannot(client: FlaskClient, device: Device) -> None:
    """RFC 8628 3.3.1: a picture, the same for a code that nobody has: it tells nothing."""
    address = device.start()["verification_qr_uri"]
    drawn, other = client.get(address), client.get("/oauth/device/qr?user_code=BBBB-BBBB")

    assert [answer.mimetype for answer in (drawn, other)] == ["image/png"] * 2
    width, height = Image.open(io.BytesIO(drawn.data)).size
    assert width == height > 200
    assert client.get("/oauth/device/qr?user_code=x").status_code == 404


def test_the_whole_way(device: Device, browser: Browser, client: FlaskClient) -> None:
    """The device waits, the person agrees on the phone, the device signs in."""
    codes = device.start()
    assert error_of(device.poll(codes)) == "authorization_pending"

    done = device.agree(browser, codes)
    assert "go back to your device" in done.text
    tokens = device.poll(codes).get_json()
    assert {"access_token", "refresh_token", "id_token"} <= tokens.keys()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert client.get("/oauth/userinfo", headers=headers).get_json()["email"] == "alice@example.com"


def test_without_openid_there_is_no_id_token(device: Device, browser: Browser) -> None:
    """A device that only wants to act is told nothing of the person."""
    codes = device.start(scope="balance:read")
    device.agree(browser, codes)

    assert device.poll(codes).get_json().keys() == {"access_token", "token_type", "expires_in", "scope"}


def test_a_device_code_counts_once(device: Device, browser: Browser) -> None:
    """RFC 6749 10.5: and a second use of it ends nothing, for a device may ask twice by mistake."""
    codes = device.start()
    device.agree(browser, codes)
    tokens = device.poll(codes).get_json()

    assert error_of(device.poll(codes)) == "invalid_grant"
    assert device.refresh(tokens["refresh_token"]).status_code == 200


def test_a_refusal_is_told(device: Device, browser: Browser, hub: Hub) -> None:
    """RFC 8628 3.5: the person says no; the partner can read about it."""
    codes = device.start()
    page = device.decide(browser, codes, "cancel")

    assert "was not signed in" in page.text
    assert error_of(device.poll(codes)) == "access_denied"
    with reading(hub.engine) as session:
        assert "access_denied" in [failure.code for failure in session.query(AuthorizationFailure)]


def test_an_old_code_is_over(device: Device) -> None:
    """RFC 8628 3.5: after ten minutes the device starts anew."""
    codes = device.start()
    with clock.moved(timedelta(minutes=10, seconds=1)):
        assert error_of(device.poll(codes)) == "expired_token"


def test_an_impatient_device_is_slowed_down(device: Device, browser: Browser) -> None:
    """RFC 8628 3.5: each question too early costs five seconds more, for all that follow."""
    codes = device.start()
    asked_at = (0, 4, 13, 22, 38)
    answers = []
    for seconds in asked_at:
        with clock.moved(timedelta(seconds=seconds)):
            answers.append(error_of(device.poll(codes)))

    assert answers == ["authorization_pending", "slow_down", "slow_down", "slow_down", "slow_down"]
    with clock.moved(timedelta(seconds=70)):
        assert error_of(device.poll(codes)) == "authorization_pending"
    device.agree(browser, codes)
    assert device.poll(codes).status_code == 200


def test_a_device_that_keeps_to_it_is_not(device: Device) -> None:
    """Every five seconds is what was asked for."""
    codes = device.start()
    for seconds in (0, 5, 10, 15):
        with clock.moved(timedelta(seconds=seconds)):
            assert error_of(device.poll(codes)) == "authorization_pending"


@pytest.mark.parametrize("code", ["x", "omc_dc_" + "0" * 38, "omc_ac_" + "0" * 38])
def test_an_unknown_device_code_is_told_so(device: Device, code: str) -> None:
    """Whatever is sent in its place."""
    assert error_of(device.poll({"device_code": code})) == "invalid_grant"


def test_a_device_code_is_its_clients_own(device: Device, other_device: Device, browser: Browser) -> None:
    """Another client gets nothing, and spoils nothing."""
    codes = device.start()
    device.agree(browser, codes)

    assert error_of(other_device.poll(codes)) == "invalid_grant"
    assert device.poll(codes).status_code == 200


def test_a_consent_that_was_taken_back_gives_nothing(device: Device, browser: Browser, hub: Hub, alice: Person) -> None:
    """Between the agreement and the device's next question, the person may think otherwise."""
    codes = device.start()
    device.agree(browser, codes)
    with transaction(hub.engine) as session:
        consent = find_consent(session, alice.user_id, device.client_id)
        assert consent is not None
        revoke_consent(session, consent.id)

    assert error_of(device.poll(codes)) == "access_denied"


def test_agreeing_anew_wakes_no_device(device: Device, browser: Browser, hub: Hub, alice: Person) -> None:
    """What was approved under a consent that ended stays ended when the person agrees to the partner again."""
    codes, later = device.start(), device.start()
    device.agree(browser, codes)
    with transaction(hub.engine) as session:
        consent = find_consent(session, alice.user_id, device.client_id)
        assert consent is not None
        revoke_consent(session, consent.id)
    device.agree(browser, later)

    assert error_of(device.poll(codes)) == "access_denied"


def test_a_device_outlives_the_phones_session(
    modest_device: Device, browser: Browser, client: FlaskClient, hub: Hub, alice: Person
) -> None:
    """The phone that approved is signed out; the device is another machine, and goes on."""
    codes = modest_device.start(scope="openid")
    modest_device.agree(browser, codes)
    tokens = modest_device.poll(codes).get_json()
    with transaction(hub.engine) as session:
        end_all_sessions(session, alice.user_id)

    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert client.get("/oauth/userinfo", headers=headers).status_code == 200


def test_only_registered_clients_have_devices(app: Flask, hub: Hub) -> None:
    """RFC 6749 5.2: the grant is registered for, or it is refused at the first step."""
    other = Device(app, make_partner(hub.engine, name="Web", is_public=True))
    assert error_of(other.ask_codes()) == "unauthorized_client"


@pytest.mark.parametrize("scope", ["", "unknown", "openid api"])
def test_a_scope_that_cannot_be_granted_is_refused(modest_device: Device, scope: str) -> None:
    """As at the authorization endpoint: none, none that is known, or one that is not registered."""
    assert error_of(modest_device.ask_codes(scope=scope)) == "invalid_scope"


def test_a_client_with_a_secret_shows_it(app: Flask, hub: Hub) -> None:
    """RFC 8628 3.1: authentication is that of the token endpoint."""
    credentials = make_partner(hub.engine, name="Box", grant_types=[DEVICE_CODE_GRANT], redirect_uris=[])
    box = Device(app, credentials)

    assert box.ask_codes().status_code == 200
    assert box.ask_codes(client_secret="omc_sk_wrong").status_code == 401


def test_a_parameter_is_not_repeated(client: FlaskClient, device: Device) -> None:
    """RFC 6749 3.2, here as everywhere."""
    body = f"client_id={device.client_id}&scope=openid&scope=email"
    answer = client.post("/oauth/device_authorization", data=body, content_type="application/x-www-form-urlencoded")
    assert error_of(answer) == "invalid_request"


def test_a_device_can_hold_a_key(app: Flask, device: Device, browser: Browser) -> None:
    """RFC 9449: tokens of a device are bound like any others."""
    prover, codes = Prover(app), device.start()
    prover.learn_nonce()
    device.agree(browser, codes)

    tokens = prover.ask_token(device.question(codes)).get_json()
    assert tokens["token_type"] == "DPoP"
    assert prover.userinfo(tokens["access_token"]).status_code == 200
    assert error_of(device.refresh(tokens["refresh_token"])) == "invalid_grant"


def test_the_metadata_knows_the_flow(client: FlaskClient) -> None:
    """RFC 8628 4."""
    metadata: dict[str, Any] = client.get("/.well-known/oauth-authorization-server").get_json()

    assert metadata["device_authorization_endpoint"] == "http://127.0.0.1:8000/oauth/device_authorization"
    assert DEVICE_CODE_GRANT in metadata["grant_types_supported"]


def test_a_disabled_client_leads_nowhere(device: Device, browser: Browser, hub: Hub) -> None:
    """A site that is switched off meanwhile cannot be agreed to."""
    codes = device.start()
    with transaction(hub.engine) as session:
        session.get_one(Partner, device.client_id).disabled_at = clock.now()

    assert type_code(browser, codes["user_code"]).status_code == 422
