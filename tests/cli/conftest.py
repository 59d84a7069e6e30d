"""A command line in an instance folder of its own."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from oauth_app.cli.main import main


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a command left behind."""

    code: int
    output: str
    error: str


#: Type a command: ``command("partners", "list")``.
Command = Callable[..., Answer]


@pytest.fixture
def instance(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty instance folder, on ports that are free, which is all that the settings say."""
    monkeypatch.setenv("HUB_INSTANCE", str(tmp_path / "instance"))
    for name in ("HUB_PORT", "SANDBOX_PORT", "PARTNER_PORT"):
        monkeypatch.setenv(name, str(free_port()))
    return tmp_path / "instance"


@pytest.fixture
def command(instance: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line, on an instance without a database."""
    assert not instance.exists()

    def type_command(*words: str) -> Answer:
        with pytest.raises(SystemExit) as leaving:
            main(words)
        printed = capsys.readouterr()
        return Answer(code=int(leaving.value.code or 0), output=printed.out, error=printed.err)

    return type_command


@pytest.fixture
def ready(command: Command) -> Command:
    """The command line, on an instance with an up-to-date database."""
    assert command("db", "upgrade").code == 0
    return command


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
