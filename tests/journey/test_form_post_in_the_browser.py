"""Form Post Response Mode in a real browser, under the content policy that holds for real."""

from urllib.parse import urlencode

import pytest

from tests.fixtures.demo import Visitors, photograph
from tests.fixtures.hub import Sandbox, make_partner
from tests.fixtures.live import LiveHub
from tests.fixtures.receiver import Receiver
from tests.journey.test_in_the_browser import ALICE, sign_in_at_sandbox

pytestmark = pytest.mark.browser


def button(live: LiveHub, receiver: Receiver, **more: str) -> str:
    """Return the address behind the sign-in button of a site that takes posted answers."""
    shop = make_partner(live.hub.engine, redirect_uris=[receiver.url])
    query = {
        "response_type": "code",
        "response_mode": "form_post",
        "client_id": shop.client_id,
        "redirect_uri": receiver.url,
        "scope": "openid",
        "state": "s1",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }
    return f"{live.url}/oauth/authorize?{urlencode(query | more)}"


def test_the_form_submits_itself(live_hub: LiveHub, sandbox: Sandbox, receiver: Receiver, visitors: Visitors) -> None:
    """The answer is posted at once, and a site that then goes on to another address is not stopped by our policy."""
    receiver.status, receiver.location = 303, f"{sandbox.url}/somewhere"
    page = visitors.visit()
    page.goto(button(live_hub, receiver))
    sign_in_at_sandbox(page, ALICE)
    page.get_by_role("button", name="Agree").click()
    page.wait_for_url(receiver.location)

    assert receiver.got[0]["state"] == "s1"
    assert receiver.got[0]["code"].startswith("omc_ac_")


def test_without_javascript_there_is_a_button(
    live_hub: LiveHub, sandbox: Sandbox, receiver: Receiver, visitors: Visitors
) -> None:
    """One press more, and the site has its answer; an error takes the same way."""
    receiver.status, receiver.location = 303, f"{sandbox.url}/somewhere"
    page = visitors.visit(java_script_enabled=False, viewport={"width": 390, "height": 780})
    page.goto(button(live_hub, receiver, prompt="none"))
    photograph(page, "form-post-phone")
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(receiver.location)

    assert receiver.got[0]["error"] == "login_required"
