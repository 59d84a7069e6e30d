"""The demo: one command, three programs, and nothing left behind."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from oauth_app.cli.demo import OPERATOR, prepare
from oauth_app.cli.demo_partner import NAME
from oauth_app.settings import load_settings
from tests.cli.conftest import Command
from tests.conftest import ROOT


@pytest.fixture
def demo(instance: Path) -> Iterator[subprocess.Popen[str]]:
    """The demo, started as it is typed."""
    program = [sys.executable, "-m", "oauth_app.cli.main", "demo"]
    assert not instance.exists()
    with subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        yield process
        process.kill()


def test_the_demo_runs_and_stops(demo: subprocess.Popen[str]) -> None:
    """It names three addresses that all answer, and after Ctrl-C none of them does."""
    banner = _read_until(demo, "Ctrl-C")
    settings = load_settings()
    ports = [settings.hub_port, settings.sandbox_port, settings.partner_port]
    assert all(f"http://127.0.0.1:{port}" in banner for port in ports)
    assert [_status(port) for port in ports] == [200, 200, 200]
    demo.send_signal(signal.SIGINT)
    assert demo.wait(20) == 0
    assert not any(_listens(port) for port in ports)


@pytest.mark.parametrize("setting", ["HUB_PORT", "SANDBOX_PORT", "PARTNER_PORT"])
def test_a_taken_port_is_named_with_its_setting(command: Command, setting: str) -> None:
    """Whoever meets a taken port learns what to set."""
    with socket.create_server(("127.0.0.1", int(os.environ[setting]))):
        answer = command("demo")
    assert answer.code == 1
    assert f"port {os.environ[setting]} on 127.0.0.1" in answer.error
    assert setting in answer.error


def test_preparing_twice_changes_nothing(ready: Command) -> None:
    """A second start finds the same partner with the same secret, and the operator."""
    settings = load_settings()
    assert prepare(settings) == prepare(settings)
    assert [row["name"] for row in json.loads(ready("partners", "list", "--json").output)] == [NAME]
    assert OPERATOR in ready("admins", "list").output


def test_a_moved_demo_gets_a_partner_that_fits(ready: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """On another port the callback is another one, and callbacks match byte for byte."""
    before = prepare(load_settings())
    monkeypatch.setenv("PARTNER_PORT", "9")
    after = prepare(load_settings())
    assert "http://127.0.0.1:9/callback" in ready("partners", "show", after.client_id).output
    assert after.client_id != before.client_id


def test_the_demo_keeps_out_of_production(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Accounts whose password everybody knows never meet real money."""
    settings = load_settings()
    monkeypatch.setenv("HUB_ENV", "production")
    for name in ("HUB_ISSUER", "OHMYGPT_API_BASE", "OHMYGPT_WEB_BASE"):
        monkeypatch.setenv(name, "https://connect.example.com")
    for name in ("hub_secret_key", "hub_vault_keys", "ohmygpt_client_secret"):
        monkeypatch.setenv(name.upper(), getattr(settings, name).get_secret_value())
    monkeypatch.setenv("OHMYGPT_CLIENT_ID", settings.ohmygpt_client_id)
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    assert "HUB_ENV=production" in command("demo").error


def test_a_reset_spares_a_database_elsewhere(command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`--reset` empties the instance folder and claims nothing about what is not in it."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'elsewhere.db'}")
    assert "DATABASE_URL is not a file in" in command("demo", "--reset").error


def test_a_reset_spares_a_folder_that_is_no_instance(
    command: Command, instance: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistyped HUB_INSTANCE must not cost anybody their home."""
    instance.mkdir()
    (instance / "thesis.txt").touch()
    for name in ("HUB_SECRET_KEY", "HUB_VAULT_KEYS", "OHMYGPT_CLIENT_ID", "OHMYGPT_CLIENT_SECRET"):
        monkeypatch.setenv(name, "k1:" + "A" * 43 + "=")
    assert "no instance folder" in command("demo", "--reset").error
    assert (instance / "thesis.txt").exists()


def _read_until(process: subprocess.Popen[str], words: str) -> str:
    read = ""
    for line in process.stdout or ():
        read += line
        if words in line:
            return read
    raise AssertionError(read)


def _status(port: int) -> int:
    return urllib3.PoolManager(retries=False).request("GET", f"http://127.0.0.1:{port}/").status


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
