"""The guides' other programs: a page without a server, a command-line program, and AI calls."""

import re
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from oauth_app.db import reading
from oauth_app.models import User
from oauth_app.provider.clients import DEVICE_CODE_GRANT
from tests.fixtures.demo import Visitors
from tests.fixtures.grants import grant
from tests.fixtures.hub import make_partner
from tests.fixtures.live import Browser, LiveHub
from tests.guides.programs import ALICE, EXAMPLES, python, settings_for


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def page_without_server(module_hub: LiveHub, tmp_path: Path) -> Iterator[str]:
    """Serve the JavaScript example as files, with the hub's address and a client_id of its own."""
    site = make_partner(module_hub.hub.engine, name="Page", redirect_uris=["http://127.0.0.1/"], is_public=True)
    for file in (EXAMPLES / "javascript").iterdir():
        text = file.read_text("utf-8").replace("https://connect.example.com", module_hub.url)
        (tmp_path / file.name).write_text(text.replace("YOUR_CLIENT_ID", site.client_id), "utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_QuietHandler, directory=tmp_path))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.browser
def test_a_page_without_a_server_signs_people_in(page_without_server: str, visitors: Visitors) -> None:
    """The guide's page greets whoever signed in, and knows their `sub`."""
    page = visitors.visit()
    page.goto(page_without_server)
    page.get_by_role("button", name="Sign in with OhMyGPT").click()
    page.fill("#email", ALICE)
    page.fill("#password", "sandbox")
    page.click("button.primary")
    page.click("button[name=decision][value=approve]")
    page.get_by_role("button", name="Agree").click()
    expect(page.locator("#who")).to_have_text("Hello alice")
    assert page.locator("#who").get_attribute("data-sub")


@pytest.mark.parametrize("decision", ["agree", "deny"])
def test_the_command_line_program_signs_people_in(module_hub: LiveHub, decision: str) -> None:
    """It shows address, code and QR code; when the person has decided in a browser, it goes on, or says why not."""
    grants = (DEVICE_CODE_GRANT, "refresh_token")
    site = make_partner(module_hub.hub.engine, name="Tool", redirect_uris=[], is_public=True, grant_types=grants)
    environment = settings_for(module_hub, "http://127.0.0.1/unused", OIDC_CLIENT_ID=site.client_id)
    command, folder = python("login.py"), EXAMPLES / "cli_device"
    with subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as program:
        assert program.stdout is not None
        shown = program.stdout.readline() + program.stdout.readline()
        address, code = re.fullmatch(r"Open  (\S+)\nEnter (\S+)\n", shown).groups()
        browser = Browser(url=module_hub.url)
        browser.sign_in(ALICE)
        asked = browser.submit(browser.get(address), "user_code", user_code=code)
        browser.submit(asked, "decision", decision=decision)
        rest = program.stdout.read()
    said = "Hello alice" if decision == "agree" else "Not signed in"
    assert (program.returncode, said in rest) == (0 if decision == "agree" else 1, True), rest
    assert "█" in rest  # segno is installed here


def test_ai_calls_go_on_the_users_bill(module_hub: LiveHub) -> None:
    """With a user's access token the guide's program streams a model's answer."""
    Browser(url=module_hub.url).sign_in(ALICE)
    engine = module_hub.hub.engine
    with reading(engine) as session:
        user_id = session.scalars(select(User.id).where(User.email == ALICE)).one()
    token = grant(engine, user_id, make_partner(engine).client_id)
    environment = settings_for(module_hub, "http://127.0.0.1/unused", ACCESS_TOKEN=token)
    command, folder = python("chat.py", "[[words=12]]"), EXAMPLES / "ai_calls"
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert len(done.stdout.split()) == 12, done.stderr
