"""A hub, in front of the sandbox or of a stub, and the vendors' packages with a user's token."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import anthropic
import openai
import pytest
import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session

from tests.fixtures.grants import grant
from tests.fixtures.hub import Sandbox, make_partner
from tests.fixtures.live import Browser, LiveHub, running_hub
from tests.fixtures.provider_pages import approve
from tests.relay.conftest import make_user
from tests.relay.servers import Stub

ALICE = "alice@example.com"
GPT, CLAUDE = "gpt-4o-mini", "claude-sonnet-4-6"
#: Nobody is there: the hub's own errands must not be among what the stub has seen.
BESIDE_A_STUB = {"stripe_api_base": "http://127.0.0.1:1"}
_CALLBACK = "https://shop.example/callback"


@dataclass(frozen=True, kw_only=True)
class Account:
    """What a program needs to make AI calls: the hub's address, and somebody's access token."""

    url: str
    token: str = field(repr=False)
    #: The site that the token was given to, as it proves itself to the hub.
    site: tuple[str, str] = field(default=("", ""), repr=False)

    def gpt(self, **options: object) -> openai.OpenAI:
        """Open OpenAI's package; it tries nothing again unless told so."""
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key=self.token, **({"max_retries": 0} | options))

    def async_gpt(self, **options: object) -> openai.AsyncOpenAI:
        """Open its other half."""
        return openai.AsyncOpenAI(base_url=f"{self.url}/v1", api_key=self.token, **({"max_retries": 0} | options))

    def claude(self, **options: object) -> anthropic.Anthropic:
        """Open Anthropic's package, which sends the token as ``X-Api-Key``."""
        return anthropic.Anthropic(base_url=self.url, api_key=self.token, **({"max_retries": 0} | options))

    def async_claude(self, **options: object) -> anthropic.AsyncAnthropic:
        """Open its other half."""
        return anthropic.AsyncAnthropic(base_url=self.url, api_key=self.token, **({"max_retries": 0} | options))


def sign_in(live: LiveHub, scope: str) -> Account:
    """Let alice sign in at a site and agree, and return what the site gets for the code."""
    site = make_partner(live.hub.engine, name="Shop", redirect_uris=[_CALLBACK])
    endpoint = f"{live.url}/oauth/token"
    with OAuth2Session(
        site.client_id,
        site.client_secret,
        scope=scope,
        redirect_uri=_CALLBACK,
        code_challenge_method="S256",
        token_endpoint=endpoint,
    ) as client:
        verifier, browser = generate_token(64), Browser(url=live.url)
        url, _ = client.create_authorization_url(f"{live.url}/oauth/authorize", code_verifier=verifier, nonce="n-1")
        to_login = browser.get(url, allow_redirects=False).headers["Location"]
        outside = browser.get(to_login, allow_redirects=False).headers["Location"]
        consent = browser.get(approve(browser.http, outside, ALICE))
        back = browser.submit(consent, "decision", decision="agree").headers["Location"]
        token = client.fetch_token(endpoint, authorization_response=back, code_verifier=verifier)
    return Account(url=live.url, token=token["access_token"], site=(site.client_id, str(site.client_secret)))


@pytest.fixture(scope="module")
def account(module_hub: LiveHub) -> Account:
    """Alice's token at a site, from a sign-in; for tests that leave her account as it was."""
    return sign_in(module_hub, "openid api")


@pytest.fixture
def own_account(live_hub: LiveHub) -> Account:
    """The same at a hub of the test's own, for one that takes something away from her."""
    return sign_in(live_hub, "openid api")


@pytest.fixture
def stubbed(tmp_path: Path, migrated_database: Path, stub: Stub) -> Iterator[Account]:
    """Run a hub in front of the stub, where nobody can sign in; the user and the grant are made by hand."""
    with running_hub(tmp_path, migrated_database, Sandbox(url=stub.url), **BESIDE_A_STUB) as live:
        partner = make_partner(live.hub.engine)
        yield Account(url=live.url, token=grant(live.hub.engine, make_user(live.hub), partner.client_id))


@pytest.fixture
def faults(sandbox_process: Sandbox) -> Iterator[Sandbox]:
    """Hand out the sandbox for its faults alone, and forget those that did not strike."""
    yield sandbox_process
    requests.delete(f"{sandbox_process.url}/_sandbox/faults", timeout=10).raise_for_status()
