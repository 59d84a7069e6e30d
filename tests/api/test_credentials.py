"""Who may call the partner API."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from oauth_app import clock
from oauth_app.services.partners import Credentials
from tests.api.caller import Caller, basic, code_of
from tests.fixtures.hub import Sandbox

ME = "/hub/v1/me"


def test_who_says_nothing_is_asked(client: FlaskClient) -> None:
    """Without credentials the answer is a challenge without an error (RFC 6750 3.1)."""
    answer = client.get(ME)

    assert code_of(answer) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="hub", resource_metadata=')


@pytest.mark.parametrize("token", ["", "x", "omc_at_" + "0" * 38, "omg-oat-v1-0000"])
def test_a_bad_token_is_told_so(client: FlaskClient, token: str) -> None:
    """An unknown or malformed token is ``invalid_token``."""
    answer = client.get(ME, headers={"Authorization": f"Bearer {token}"})

    assert code_of(answer) == (401, "invalid_token")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_an_expired_token_is_refused(caller: Caller) -> None:
    """A token lives as long as it was issued for."""
    with clock.moved(timedelta(days=2)):
        assert code_of(caller.get(ME)) == (401, "invalid_token")


def test_a_token_counts_in_the_header_only(caller: Caller, client: FlaskClient) -> None:
    """A token in the address would end up in logs, so it does not count there."""
    token = caller.authorization.removeprefix("Bearer ")

    assert code_of(client.get(f"{ME}?access_token={token}")) == (401, "unauthorized")


def test_the_scheme_has_no_case(caller: Caller, client: FlaskClient) -> None:
    """RFC 9110 11.1: ``bearer`` is ``Bearer``."""
    answer = client.get(ME, headers={"Authorization": caller.authorization.replace("Bearer", "bearer")})
    assert answer.status_code == 200


def test_a_server_charges_its_user(server: Caller, caller: Caller, sandbox: Sandbox) -> None:
    """Client authentication and the user's sub do what the user's token does."""
    subject = caller.get(ME).get_json()["sub"]
    answer = server.charge(user=subject)

    assert (answer.status_code, answer.get_json()["user"]) == (201, subject)
    assert sandbox.account("alice@example.com")["charges"] == 1


def test_a_server_reads_for_its_user(server: Caller, caller: Caller) -> None:
    """Where there is no body, the sub stands in the address."""
    subject = caller.get(ME).get_json()["sub"]

    assert server.get(f"/hub/v1/balance?user={subject}").get_json()["ohmygpt"]["paid"] == 3_400_000_00


@pytest.mark.parametrize("user", ["nobody", "", "usr_1", "a\0b"])
def test_an_unknown_user_is_told_so(server: Caller, user: str) -> None:
    """A sub that names nobody here is 404."""
    assert code_of(server.charge(user=user)) == (404, "unknown_user")


def test_a_server_must_name_a_user(server: Caller) -> None:
    """Client authentication alone stands for nobody."""
    assert code_of(server.charge()) == (400, "user_required")
    assert code_of(server.get("/hub/v1/balance")) == (400, "user_required")


def test_a_token_stands_for_its_own_user_only(caller: Caller) -> None:
    """A user's token cannot be used to charge another user."""
    assert code_of(caller.charge(user="somebody-else")) == (404, "unknown_user")


def test_a_wrong_secret_is_refused(client: FlaskClient, shop: Credentials) -> None:
    """A bad secret, an unknown client and broken Base64 sound alike."""
    wrong = (basic(shop.client_id, "omc_sk_0"), basic("ptn_0", "x"), basic("a\0", "x"), "Basic ?", "Basic /w==")
    for header in wrong:
        answer = client.get(ME, headers={"Authorization": header})
        assert code_of(answer) == (401, "invalid_client")
        assert answer.headers["WWW-Authenticate"].startswith("Basic")
