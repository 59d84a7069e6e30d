"""The client against a real sandbox: every operation, and every way it can fail."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from oauth_app.hub import Hub
from oauth_app.upstream import (
    UpstreamError,
    UpstreamGrantLostError,
    UpstreamInsufficientFundsError,
    UpstreamProtocolError,
    UpstreamRefusedError,
    UpstreamUnavailableError,
)
from tests.fixtures.hub import BALANCE_PATH, CHARGE_PATH, Person, Sandbox, make_test_hub
from tests.fixtures.provider_pages import approve

YUAN = 3_400_000  # hundredths of a unit


def authorize(hub: Hub, **changes: str) -> str:
    """Sign in as alice at the provider's page, approve, and return the address that the browser is sent to."""
    url = hub.upstream.authorize_url(state="s1", redirect_uri=f"{hub.settings.hub_issuer}/login/callback", **changes)
    return approve(requests.Session(), url, "alice@example.com")


def test_a_code_becomes_a_user(hub: Hub) -> None:
    """From the authorize page over the code to the token to the person."""
    query = parse_qs(urlsplit(authorize(hub)).query)
    issued = hub.upstream.issue_token(query["code"][0])
    person = hub.upstream.user_info(issued.token)
    assert (query["state"], person.user_id, person.email) == (["s1"], issued.user_id, "alice@example.com")


def test_the_redirect_template_is_followed(hub: Hub) -> None:
    """A suffix of our own carries code and state back."""
    address = authorize(hub, redirect_template="?c={code}&s={state}&from=hub")
    assert re.search(r"/login/callback\?c=\w{16}&s=s1&from=hub$", address)


def test_a_code_works_once(hub: Hub) -> None:
    """The second use of a code is refused, by its name on the wire."""
    code = parse_qs(urlsplit(authorize(hub)).query)["code"][0]
    hub.upstream.issue_token(code)
    with pytest.raises(UpstreamRefusedError) as refusal:
        hub.upstream.issue_token(code)
    assert refusal.value.error_type == "oauth_invalid_request_error"


def test_the_code_page_shows_the_code(hub: Hub) -> None:
    """The page for browsers that cannot be redirected shows a code that works."""
    url = hub.upstream.authorize_url(state="s1", redirect_uri=hub.upstream.code_page)
    browser = requests.Session()
    shown = browser.get(approve(browser, url, "alice@example.com"), timeout=10).text
    codes = {word for word in re.findall(r"\b[A-Za-z0-9]{16}\b", shown) if word in shown}
    assert any(_is_code(hub, code) for code in codes)


def _is_code(hub: Hub, code: str) -> bool:
    try:
        return bool(hub.upstream.issue_token(code).token)
    except UpstreamRefusedError:
        return False


def test_a_charge_moves_the_balance(hub: Hub, alice: Person) -> None:
    """The balance falls by exactly what was charged, in the answer and when asked again."""
    before = hub.upstream.balance(alice.upstream_token).paid
    charge = hub.upstream.charge(alice.upstream_token, amount=YUAN + 1, remark="one yuan and a bit")
    assert before - charge.balance == YUAN + 1
    assert hub.upstream.balance(alice.upstream_token).paid == charge.balance


def test_another_amount_than_asked_for_is_noticed(hub: Hub, alice: Person, tmp_path: Path) -> None:
    """An answer that names another fee is no proof that ours was taken."""
    profile = tmp_path / "profile.toml"
    profile.write_text('[operations.charge.response]\namount = "balance"\n')
    odd = make_test_hub(tmp_path, ohmygpt_api_base=hub.settings.ohmygpt_api_base, ohmygpt_profile=profile)
    with pytest.raises(UpstreamProtocolError, match="asked for"):
        odd.upstream.charge(alice.upstream_token, amount=100, remark="a thing")


def test_too_little_money_has_its_own_error(hub: Hub, bob: Person) -> None:
    """Who has nothing cannot be charged, and the error says so."""
    with pytest.raises(UpstreamInsufficientFundsError):
        hub.upstream.charge(bob.upstream_token, amount=1, remark="anything")


def test_a_checkout_order_is_paid_on_its_page(hub: Hub, sandbox: Sandbox, bob: Person) -> None:
    """A paid Checkout order of 10 CNY adds 340 000.00 units."""
    order = hub.upstream.checkout_order(
        bob.upstream_token, amount=1000, success_url="http://127.0.0.1:8000/a", cancel_url="http://127.0.0.1:8000/b"
    )
    sandbox.pay(order.url)
    assert hub.upstream.balance(bob.upstream_token).paid == 10 * YUAN


def test_an_invoice_order_is_paid_on_its_page(hub: Hub, sandbox: Sandbox, bob: Person) -> None:
    """A paid Invoice order of 0.01 CNY adds 340.00 units."""
    order = hub.upstream.invoice_order(bob.upstream_token, amount=1)
    sandbox.pay(order.url)
    assert hub.upstream.balance(bob.upstream_token).paid == 34_000


def test_a_new_management_token_voids_the_old(hub: Hub, alice: Person) -> None:
    """The management token is read, replaced, and read again."""
    old = hub.upstream.read_management_token(alice.upstream_token)
    new = hub.upstream.update_management_token(alice.upstream_token)
    assert old.startswith("sk-")
    assert hub.upstream.read_management_token(alice.upstream_token) == new != old


def test_a_revoked_token_is_a_lost_grant(hub: Hub, sandbox: Sandbox, alice: Person) -> None:
    """What the user took back is told apart from every other failure."""
    sandbox.revoke_tokens(alice.email)
    with pytest.raises(UpstreamGrantLostError):
        hub.upstream.balance(alice.upstream_token)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("html", UpstreamProtocolError),
        ("malformed_json", UpstreamProtocolError),
        ("envelope_401", UpstreamGrantLostError),
        ("reset_before", UpstreamUnavailableError),
        ("reset_after", UpstreamUnavailableError),
    ],
)
def test_each_failure_has_its_error(
    hub: Hub, sandbox: Sandbox, alice: Person, kind: str, error: type[UpstreamError]
) -> None:
    """HTML for JSON, a 200 that means 401, a broken connection: each is one of the few named errors."""
    sandbox.fail(BALANCE_PATH, kind)
    with pytest.raises(error):
        hub.upstream.balance(alice.upstream_token)


def test_a_server_error_is_unavailable(hub: Hub, sandbox: Sandbox, alice: Person) -> None:
    """A 5xx may have had its effect, and the error does not claim otherwise."""
    sandbox.fail(CHARGE_PATH, "status", code=503)
    with pytest.raises(UpstreamUnavailableError) as failure:
        hub.upstream.charge(alice.upstream_token, amount=1, remark="x")
    assert not failure.value.surely_not_sent


def test_a_slow_answer_is_given_up(hub: Hub, sandbox: Sandbox, alice: Person) -> None:
    """After the timeout the caller is told, and told that the request may have arrived."""
    sandbox.fail(BALANCE_PATH, "slow", seconds=4)
    with pytest.raises(UpstreamUnavailableError) as failure:
        hub.upstream.balance(alice.upstream_token)
    assert not failure.value.surely_not_sent


def test_a_dead_host_was_surely_not_reached(tmp_path: Path) -> None:
    """A refused connection means that nothing was sent."""
    hub = make_test_hub(tmp_path, ohmygpt_api_base="http://127.0.0.1:9")
    with pytest.raises(UpstreamUnavailableError) as failure:
        hub.upstream.balance("any")
    assert failure.value.surely_not_sent


def test_errors_do_not_carry_the_token(hub: Hub, sandbox: Sandbox, alice: Person) -> None:
    """No text of an error, nor of what caused it, holds the token."""
    sandbox.fail(BALANCE_PATH, "reset_before")
    with pytest.raises(UpstreamError) as failure:
        hub.upstream.balance(alice.upstream_token)
    assert alice.upstream_token not in repr(failure.value) + repr(failure.value.__cause__)
