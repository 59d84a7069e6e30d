"""The device flow on a phone in a real browser, without JavaScript, as a person does it."""

from pathlib import Path

import pytest
import requests
from playwright.sync_api import expect

from oauth_app.provider.clients import DEVICE_CODE_GRANT
from tests.fixtures.demo import Visitors, photograph
from tests.fixtures.hub import Sandbox, make_partner
from tests.fixtures.live import running_hub
from tests.journey.test_in_the_browser import ALICE, sign_in_at_sandbox

pytestmark = pytest.mark.browser
TELEVISION: dict[str, object] = {
    "name": "Television",
    "is_public": True,
    "redirect_uris": [],
    "grant_types": [DEVICE_CODE_GRANT, "refresh_token"],
}
PHONE = {"viewport": {"width": 390, "height": 844}, "java_script_enabled": False}


@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark", "java_script_enabled": True}])
def test_a_television_signs_in(
    tmp_path: Path, migrated_database: Path, sandbox: Sandbox, visitors: Visitors, options: dict[str, object]
) -> None:
    """Sign in, type the code in small letters, see who asks and the warning, agree, go back to the television."""
    name = "dark" if options else "light"
    with running_hub(tmp_path, migrated_database, sandbox) as live:
        partner = make_partner(live.hub.engine, **TELEVISION)
        form = {"client_id": partner.client_id, "scope": "openid email charges:write api offline_access"}
        codes = requests.post(f"{live.url}/oauth/device_authorization", data=form, timeout=10).json()
        page = visitors.visit(**(PHONE | options))
        page.goto(codes["verification_uri"])
        sign_in_at_sandbox(page, ALICE)
        page.get_by_label("Code").fill("bbbb bbbb")
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("alert")).to_contain_text("There is no such code")
        photograph(page, f"device-{name}-1-wrong")
        page.goto(codes["verification_uri_complete"])
        photograph(page, f"device-{name}-2-compare")
        page.get_by_label("Code").fill(codes["user_code"].lower().replace("-", ""))
        page.get_by_role("button", name="Continue").click()
        expect(page.locator("main")).to_contain_text("Only continue if you started this on your own device")
        photograph(page, f"device-{name}-3-consent")
        assert page.evaluate("document.documentElement.scrollWidth <= 390")
        page.get_by_role("button", name="Agree").click()
        expect(page.get_by_role("heading", name="go back to your device")).to_be_visible()
        photograph(page, f"device-{name}-4-done")
        question = {"grant_type": DEVICE_CODE_GRANT, "device_code": codes["device_code"], **form}
        assert requests.post(f"{live.url}/oauth/token", data=question, timeout=10).status_code == 200
