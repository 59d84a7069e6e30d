"""`partners set-fee` and `partners fees`: a new version for what comes, and who set which."""

import json

import pytest

from tests.cli.conftest import Command

Version = dict[str, object]


@pytest.fixture
def client_id(ready: Command) -> str:
    """Register a site that pays 2.5 %."""
    words = ("--name", "Shop", "--redirect-uri", "https://shop.example/callback", "--fee-basis-points", "250")
    return str(json.loads(ready("partners", "create", *words, "--json").output)["client_id"])


def versions(ready: Command, client_id: str) -> list[tuple[object, object]]:
    """Return each version's fee and who set it, the present one first."""
    rows: list[Version] = json.loads(ready("partners", "fees", client_id, "--json").output)
    return [(row["basis_points"], row["set_by"]) for row in rows]


def test_a_fee_is_set_and_stands_in_the_history(ready: Command, client_id: str) -> None:
    """The answer names the version, the history who set it, and `show` the fee that counts."""
    told = ready("partners", "set-fee", client_id, "--basis-points", "300", "--by", "board of May", "--json")
    ready("partners", "set-fee", client_id, "--basis-points", "0")
    answer: Version = json.loads(told.output)
    assert (answer["client_id"], answer["basis_points"], answer["set_by"]) == (client_id, 300, "board of May")
    assert str(answer["fee_version"]).startswith("fee_")
    assert versions(ready, client_id) == [(0, "command line"), (300, "board of May"), (250, "registration")]
    assert json.loads(ready("partners", "show", client_id, "--json").output)["fee_basis_points"] == 0


def test_an_update_gives_the_fee_a_version_too(ready: Command, client_id: str) -> None:
    """By whatever command the fee is changed, it is charged by; another change of the site makes no version."""
    ready("partners", "update", client_id, "--name", "Store")
    ready("partners", "update", client_id, "--fee-basis-points", "300")
    assert versions(ready, client_id) == [(300, "command line"), (250, "registration")]


@pytest.mark.parametrize(
    "words", [["--basis-points", "10001"], ["--basis-points", "-1"], [], ["--basis-points=1", "--by", ""]]
)
def test_what_is_no_fee_is_refused(ready: Command, client_id: str, words: list[str]) -> None:
    """The exit code says that nothing was done."""
    assert ready("partners", "set-fee", client_id, *words).code == 2
    assert versions(ready, client_id) == [(250, "registration")]


def test_an_unknown_partner_is_a_sentence(ready: Command) -> None:
    """Neither command makes anything up."""
    for words in (("set-fee", "ptn_0", "--basis-points", "1"), ("fees", "ptn_0")):
        answer = ready("partners", *words)
        assert (answer.code, answer.error) == (1, "Error: there is no partner ptn_0; `partners list` shows all\n")
