"""What operators type: it does what it says, speaks JSON to programs, and fails in sentences."""

import json

import click
import pytest

from oauth_app.cli.main import cli
from tests.cli.conftest import Answer, Command
from tests.fixtures.receiver import Receiver

CALLBACK = "https://shop.example/callback"


def create_partner(ready: Command, *more: str) -> Answer:
    """Register a site."""
    return ready("partners", "create", "--name", "Shop", "--redirect-uri", CALLBACK, *more)


def test_a_new_partner_gets_its_credentials(ready: Command) -> None:
    """What a site needs to be an OAuth client comes out as JSON, the secret included."""
    credentials = json.loads(create_partner(ready, "--json").output)
    assert credentials.keys() == {"issuer", "client_id", "client_secret"}
    assert credentials["client_secret"].startswith("omc_sk_")


def test_a_public_partner_gets_no_secret(ready: Command) -> None:
    """An app on people's own devices can keep none."""
    assert json.loads(create_partner(ready, "--public", "--json").output)["client_secret"] is None


def test_a_partner_is_listed_and_shown_without_its_secret(ready: Command) -> None:
    """After its making no command shows the secret again."""
    credentials = json.loads(create_partner(ready, "--json").output)
    shown = ready("partners", "show", credentials["client_id"]).output
    listed = ready("partners", "list").output
    assert CALLBACK in shown
    assert credentials["client_id"] in listed
    assert credentials["client_secret"] not in shown + listed


def test_a_rotated_secret_is_another_one(ready: Command) -> None:
    """Rotation prints a new secret for the same client."""
    first = json.loads(create_partner(ready, "--json").output)
    second = json.loads(ready("partners", "rotate-secret", first["client_id"], "--json").output)
    assert second["client_id"] == first["client_id"]
    assert second["client_secret"] != first["client_secret"]


def test_a_disabled_partner_is_listed_as_such(ready: Command) -> None:
    """Disabling shows in the list."""
    client_id = json.loads(create_partner(ready, "--json").output)["client_id"]
    assert ready("partners", "disable", client_id).code == 0
    assert [row["state"] for row in json.loads(ready("partners", "list", "--json").output)] == ["disabled"]


def test_an_unsafe_callback_is_refused(ready: Command) -> None:
    """The domain's reason reaches the terminal, and the exit code says that nothing was done."""
    answer = ready("partners", "create", "--name", "Shop", "--redirect-uri", "http://shop.example/callback")
    assert answer.code == 1
    assert "https" in answer.error


def test_an_unknown_partner_is_a_sentence(ready: Command) -> None:
    """Nobody reads a stack trace for a mistyped id."""
    answer = ready("partners", "show", "ptn_0")
    assert (answer.code, answer.error) == (1, "Error: there is no partner ptn_0; `partners list` shows all\n")


def test_operators_are_granted_listed_and_revoked(ready: Command) -> None:
    """The list holds who was granted and not revoked."""
    ready("admins", "grant", "one@example.com")
    ready("admins", "grant", "two@example.com")
    ready("admins", "revoke", "one@example.com")
    assert [row["email"] for row in json.loads(ready("admins", "list", "--json").output)] == ["two@example.com"]


def test_revoking_a_stranger_fails(ready: Command) -> None:
    """A mistyped address must not look like a success."""
    assert ready("admins", "revoke", "stranger@example.com").code == 1


def test_a_rotated_key_is_published(ready: Command) -> None:
    """The new signing key is in the list from the start."""
    key_id = json.loads(ready("keys", "rotate", "--json").output)[0]["key_id"]
    assert key_id in ready("keys", "list").output


def test_without_tables_a_command_says_what_to_run(command: Command) -> None:
    """The cure for a database of another version is one command, and it is named."""
    answer = command("partners", "list")
    assert answer.code == 1
    assert "python3 app.py db upgrade" in answer.error


def test_a_downgrade_asks_first(ready: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dropping every table takes a yes."""
    monkeypatch.setattr("click.confirm", lambda _text, **_options: (_ for _ in ()).throw(click.Abort))
    assert ready("db", "downgrade", "base").code == 1
    assert ready("partners", "list").code == 0


def test_a_downgrade_goes_back(ready: Command) -> None:
    """With a yes the tables are gone, and an upgrade brings them again."""
    assert ready("db", "downgrade", "base", "--yes").code == 0
    assert ready("partners", "list").code == 1
    assert ready("db", "upgrade").code == 0


def test_the_doctor_finds_what_is_missing(ready: Command) -> None:
    """With nothing on the sandbox's port the upstream is the one thing that is wrong."""
    answer = ready("doctor", "--json")
    assert answer.code == 1
    assert {row["check"]: row["ok"] for row in json.loads(answer.output)} == {
        "settings": True,
        "database": True,
        "OhMyGPT": False,
        "Stripe": True,
        "Redis": True,
    }


def test_the_doctor_asks_redis_where_it_is_set(ready: Command, monkeypatch: pytest.MonkeyPatch, redis_url: str) -> None:
    """One that answers is named, one that does not is wrong."""
    for url, is_ok, word in [(redis_url, True, "counts"), (f"{redis_url}.none", False, "REDIS_URL")]:
        monkeypatch.setenv("REDIS_URL", url)
        rows = {row["check"]: row for row in json.loads(ready("doctor", "--json").output)}
        assert (rows["Redis"]["ok"], word in rows["Redis"]["finding"]) == (is_ok, True)


@pytest.mark.parametrize(("status", "is_ok"), [(400, True), (301, False), (404, False)])
def test_the_doctor_sees_where_stripes_events_end(
    ready: Command,
    monkeypatch: pytest.MonkeyPatch,
    receiver: Receiver,
    status: int,
    is_ok: bool,  # noqa: FBT001
) -> None:
    """The hub's own refusal is the sign that events arrive; Stripe would not follow a redirect."""
    receiver.status = status
    monkeypatch.setenv("HUB_ISSUER", receiver.url.removesuffix("/logout"))
    rows = {row["check"]: row for row in json.loads(ready("doctor", "--json").output)}
    assert (rows["Stripe"]["ok"], "/webhooks/stripe" in rows["Stripe"]["finding"]) == (is_ok, True)


def test_unsafe_settings_are_a_sentence(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Production without its settings names the setting, and starts nothing."""
    monkeypatch.setenv("HUB_ENV", "production")
    answer = command("serve")
    assert answer.code == 1
    assert "HUB_ISSUER" in answer.error


def test_the_openapi_document_is_printed(command: Command) -> None:
    """Client generators need no running hub."""
    assert json.loads(command("openapi").output)["openapi"].startswith("3.1")


def test_every_command_has_help() -> None:
    """No command, and no option, is without a sentence."""
    silent = [
        f"{path} {getattr(thing, 'name', '')}"
        for path, one in _commands(cli, "app.py")
        for thing in (one, *(option for option in one.params if isinstance(option, click.Option)))
        if not thing.help
    ]
    assert silent == []


def _commands(group: click.Group, path: str) -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []
    for name, one in group.commands.items():
        found.append((f"{path} {name}", one))
        if isinstance(one, click.Group):
            found += _commands(one, f"{path} {name}")
    return found
