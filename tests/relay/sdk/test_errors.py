"""Each refusal becomes the exception that a program for the vendor already knows, with what it has to do in it."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import anthropic
import openai
import pytest
import requests

from oauth_app.db import transaction
from oauth_app.models import Consent
from tests.fixtures.accounts import ALICE, Account, sign_in
from tests.fixtures.grants import grant
from tests.fixtures.hub import Sandbox, make_partner
from tests.fixtures.live import LiveHub, running_hub
from tests.relay.conftest import make_user
from tests.relay.sdk.conftest import BESIDE_A_STUB, CLAUDE, GPT
from tests.relay.servers import Stub

MESSAGES = [{"role": "user", "content": "Say hello"}]
_Call = Callable[[Account], Any]


def ask_gpt(account: Account, **options: Any) -> Any:  # noqa: ANN401 - the package's own class
    """Ask by OpenAI's package."""
    with account.gpt() as client:
        return client.chat.completions.create(**({"model": GPT, "messages": MESSAGES} | options))


def ask_claude(account: Account, **options: Any) -> Any:  # noqa: ANN401 - the package's own class
    """Ask by Anthropic's package."""
    with account.claude() as client:
        return client.messages.create(**({"model": CLAUDE, "max_tokens": 50, "messages": MESSAGES} | options))


#: Each vendor: its package, and how to ask.
VENDORS = {"openai": (openai, ask_gpt), "anthropic": (anthropic, ask_claude)}
both = pytest.mark.parametrize(("package", "ask"), VENDORS.values(), ids=VENDORS)

#: Status of the answer from OhMyGPT -> the exception's name in both packages.
STATUSES = {
    400: "BadRequestError",
    409: "ConflictError",
    422: "UnprocessableEntityError",
    500: "InternalServerError",
    503: "InternalServerError",
}


@both
@pytest.mark.parametrize("status", STATUSES)
def test_a_status_is_told_as_it_is(
    account: Account, faults: Sandbox, package: ModuleType, ask: _Call, status: int
) -> None:
    """What OhMyGPT refuses is refused with the same status and OhMyGPT's words."""
    faults.fail("/v1/", "status", code=status)
    with pytest.raises(getattr(package, STATUSES[status]), match="Injected by the sandbox") as error:
        ask(account)
    assert error.value.status_code == status
    assert error.value.request_id


@both
def test_a_wrong_request_is_told(account: Account, package: ModuleType, ask: _Call) -> None:
    """A request without sense and an unknown model are refused by OhMyGPT, and said so."""
    with pytest.raises(package.BadRequestError, match="messages"):
        ask(account, messages=[])
    with pytest.raises(package.NotFoundError, match="unheard-of"):
        ask(account, model="unheard-of", max_tokens=5)  # so that it is within the limits, whatever it costs


@both
def test_a_wrong_or_revoked_token_is_told(
    account: Account, module_hub: LiveHub, package: ModuleType, ask: _Call
) -> None:
    """A token that nobody gave out, and one that was given back, are 401; the error names the hub."""
    own = sign_in(module_hub, "openid api")
    assert ask(own).model
    answer = requests.post(f"{own.url}/oauth/revoke", data={"token": own.token}, auth=own.site, timeout=10)
    assert answer.status_code == 200
    for token in (own.token, "omc_at_wrong"):
        with pytest.raises(package.AuthenticationError, match=account.url):
            ask(Account(url=account.url, token=token))


@both
def test_an_empty_balance_is_told(account: Account, faults: Sandbox, package: ModuleType, ask: _Call) -> None:
    """A 402 is no class of its own; the message says where to top up."""
    faults.fail("/v1/", "no_money")
    with pytest.raises(package.APIStatusError, match=f"{account.url}/account/top-up") as error:
        ask(account)
    assert (error.value.status_code, error.value.type) == (402, "insufficient_balance_error")


@both
def test_a_missing_scope_is_told(module_hub: LiveHub, package: ModuleType, ask: _Call) -> None:
    """A token that was given for signing in alone is refused, and the error names what is missing."""
    with pytest.raises(package.PermissionDeniedError, match="scope api"):
        ask(sign_in(module_hub, "openid profile"))


@both
def test_a_lost_connection_is_told(own_account: Account, sandbox: Sandbox, package: ModuleType, ask: _Call) -> None:
    """Who took the grant back at OhMyGPT has to sign in again, and the error says where."""
    sandbox.revoke_tokens(ALICE)
    with pytest.raises(package.PermissionDeniedError, match=f"{own_account.url}/login"):
        ask(own_account)


@both
def test_a_crowded_provider_is_told(account: Account, faults: Sandbox, package: ModuleType, ask: _Call) -> None:
    """A 429 of OhMyGPT comes with how long to wait."""
    faults.fail("/v1/", "rate_limit", seconds=7)
    with pytest.raises(package.RateLimitError) as error:
        ask(account)
    assert error.value.response.headers["retry-after"] == "7"


@both
def test_the_users_own_limit_is_told(live_hub: LiveHub, own_account: Account, package: ModuleType, ask: _Call) -> None:
    """A call more than the user allows in a minute is a 429 of the hub, with how long to wait."""
    with transaction(live_hub.hub.engine) as session:
        session.query(Consent).one().calls_per_minute = 1
    assert ask(own_account).model
    with pytest.raises(package.RateLimitError, match="Retry-After") as error:
        ask(own_account)
    assert 1 <= int(error.value.response.headers["retry-after"]) <= 61


@both
def test_too_large_a_request_is_told(
    tmp_path: Path,
    migrated_database: Path,
    stub: Stub,
    package: ModuleType,
    ask: _Call,
) -> None:
    """A body over the hub's limit is refused before it is upstream."""
    options = BESIDE_A_STUB | {"relay_max_body_mb": 1}
    with running_hub(tmp_path, migrated_database, Sandbox(url=stub.url), **options) as live:
        token = grant(live.hub.engine, make_user(live.hub), make_partner(live.hub.engine).client_id)
        with pytest.raises(package.APIStatusError, match="larger than this hub") as error:
            ask(Account(url=live.url, token=token), messages=[{"role": "user", "content": "x" * 1_100_000}])
    assert error.value.status_code == 413
    assert stub.seen == []
