"""What an operator can say about a partner on the command line, and permits to register."""

import json
from pathlib import Path

import pytest
from joserfc.jwk import ECKey

from tests.cli.conftest import Command

CALLBACK = "https://shop.example/callback"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


def created(ready: Command, *words: str) -> dict[str, str]:
    """Register a site, and return its credentials."""
    answer = ready("partners", "create", "--name", "Shop", *words, "--json")
    assert answer.code == 0, answer.error
    credentials: dict[str, str] = json.loads(answer.output)
    return credentials


def shown(ready: Command, client_id: str) -> dict[str, object]:
    """Return what the hub knows about the partner."""
    details: dict[str, object] = json.loads(ready("partners", "show", client_id, "--json").output)
    return details


POLICIES = {
    ("--legacy-confidential",): {"legacy": True},
    ("--require-par",): {"requires_par": True},
    ("--require-dpop",): {"requires_dpop": True},
    ("--id-token-alg", "RS256"): {"id_token_algorithm": "RS256"},
    ("--backchannel-logout-uri", "https://shop.example/bye"): {"backchannel_logout_uri": "https://shop.example/bye"},
    ("--homepage", "https://shop.example/"): {"homepage": "https://shop.example/"},
    ("--policy-uri", "https://shop.example/privacy"): {"policy_uri": "https://shop.example/privacy"},
    ("--terms-uri", "https://shop.example/terms"): {"terms_uri": "https://shop.example/terms"},
    ("--fee-basis-points", "250"): {"fee_basis_points": 250},
    ("--jwks-uri", "https://shop.example/keys"): {
        "jwks_uri": "https://shop.example/keys",
        "authentication": ["private_key_jwt"],
    },
    ("--scope", "openid email"): {"scopes": ["openid", "email"]},
    ("--grant-type", "authorization_code", "--grant-type", "device_code"): {
        "grant_types": ["authorization_code", DEVICE]
    },
}


@pytest.mark.parametrize("words", POLICIES)
def test_a_policy_is_registered_and_shown(ready: Command, words: tuple[str, ...]) -> None:
    """Each option says one thing, and `show` repeats it."""
    client_id = created(ready, "--redirect-uri", CALLBACK, *words)["client_id"]
    assert shown(ready, client_id).items() >= POLICIES[words].items()


@pytest.mark.parametrize("words", POLICIES)
def test_a_policy_is_changed_later(ready: Command, words: tuple[str, ...]) -> None:
    """By the same words; what is not named stays."""
    client_id = created(ready, "--redirect-uri", CALLBACK)["client_id"]
    answer = ready("partners", "update", client_id, *words)

    assert answer.code == 0, answer.error
    assert shown(ready, client_id).items() >= (POLICIES[words] | {"redirect_uris": [CALLBACK], "name": "Shop"}).items()


def test_limits_of_ai_calls_are_set_and_taken_away(ready: Command) -> None:
    """In CNY and in calls; what is not named stays, and an empty text is no limit."""
    client_id = created(ready, "--redirect-uri", CALLBACK)["client_id"]
    words = ("--site-spend-per-month", "1000.50", "--token-calls-at-once", "5", "--site-calls-per-minute", "90")
    assert ready("partners", "update", client_id, *words).code == 0
    assert ready("partners", "update", client_id, "--site-calls-per-minute", "").code == 0

    limits = {"site_spend_per_month": 3_401_700_000, "token_calls_at_once": 5, "site_calls_per_minute": None}
    assert shown(ready, client_id).items() >= limits.items()


@pytest.mark.parametrize("value", ["0", "-5", "many", "1.5", "9" * 15])
def test_a_limit_that_is_none_is_refused(ready: Command, value: str) -> None:
    """A sentence and nothing changed."""
    client_id = created(ready, "--redirect-uri", CALLBACK)["client_id"]
    answer = ready("partners", "update", client_id, "--site-calls-at-once", value, "--name", "Other")

    assert answer.code != 0
    assert shown(ready, client_id).items() >= {"site_calls_at_once": None, "name": "Shop"}.items()


def test_a_device_needs_no_callback(ready: Command) -> None:
    """A command-line tool signs its user in on another screen."""
    words = ("--public", "--grant-type", "device_code")
    assert created(ready, *words)["client_secret"] is None


def test_a_site_needs_a_callback(ready: Command) -> None:
    """The domain says so, in a sentence."""
    answer = ready("partners", "create", "--name", "Shop")
    assert (answer.code, answer.error) == (1, "Error: redirect_uri: at least one is needed\n")


def test_keys_are_read_from_a_file(ready: Command, tmp_path: Path) -> None:
    """With them no secret is made."""
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": [dict(ECKey.generate_key("P-256").as_dict(private=False))]}))
    assert created(ready, "--redirect-uri", CALLBACK, "--jwks", str(file))["client_secret"] is None


@pytest.mark.parametrize("content", ["", "{", '{"keys": []}'])
def test_bad_keys_are_a_sentence(ready: Command, tmp_path: Path, content: str) -> None:
    """A file that holds none is found out before anything is registered."""
    file = tmp_path / "keys.json"
    file.write_text(content)
    answer = ready("partners", "create", "--name", "Shop", "--redirect-uri", CALLBACK, "--jwks", str(file))
    assert answer.code != 0
    assert "jwks" in answer.error


def test_a_value_is_taken_away_by_an_empty_text(ready: Command) -> None:
    """There is a way back from each option."""
    client_id = created(ready, "--redirect-uri", CALLBACK, "--homepage", "https://shop.example/", "--require-par")[
        "client_id"
    ]
    ready("partners", "update", client_id, "--homepage", "", "--no-require-par")

    assert shown(ready, client_id).items() >= {"homepage": None, "requires_par": False}.items()


def test_an_unsafe_change_is_refused(ready: Command) -> None:
    """And changes nothing."""
    client_id = created(ready, "--redirect-uri", CALLBACK)["client_id"]
    assert ready("partners", "update", client_id, "--redirect-uri", "http://shop.example/").code == 1
    assert shown(ready, client_id)["redirect_uris"] == [CALLBACK]


def test_a_permit_is_given_listed_and_revoked(ready: Command) -> None:
    """Its token is shown once."""
    permit = json.loads(ready("partners", "permits", "create", "--note", "Shops", "--uses", "3", "--json").output)
    assert permit["initial_access_token"].startswith("omc_ia_")
    listed = ready("partners", "permits", "list", "--json").output
    assert [(row["id"], row["uses_left"]) for row in json.loads(listed)] == [(permit["id"], 3)]
    assert permit["initial_access_token"] not in listed

    assert ready("partners", "permits", "revoke", permit["id"]).code == 0
    assert ready("partners", "permits", "revoke", permit["id"]).code == 1
    assert json.loads(ready("partners", "permits", "list", "--json").output) == []


def test_one_algorithm_is_rotated(ready: Command) -> None:
    """The key of an algorithm that nobody used yet can be made ahead, too."""
    made = json.loads(ready("keys", "rotate", "--algorithm", "EdDSA", "--json").output)
    assert [row["algorithm"] for row in made] == ["EdDSA"]
    assert made[0]["key_id"] in ready("keys", "list").output
