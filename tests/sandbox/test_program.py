"""The sandbox as a program: start, restart, stop."""

import ast
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.sandbox.emulator import Emulator

ROOT = Path(__file__).resolve().parents[2]


def test_a_restart_keeps_balances_and_tokens(tmp_path: Path) -> None:
    """What was in the file before is there after."""
    database = ("--database", str(tmp_path / "sandbox.db"))
    with _program(*database) as (sandbox, _):
        token = sandbox.token()
        sandbox.app("charge-user-fee", token, fee="1")
    with _program(*database) as (sandbox, _):
        assert sandbox.app("query-user-balance", token).json()["data"]["balance"] == "3399999.00"


def test_reset_goes_back_to_the_seed(tmp_path: Path) -> None:
    """With --reset an old token is unknown."""
    database = ("--database", str(tmp_path / "sandbox.db"))
    with _program(*database) as (sandbox, _):
        token = sandbox.token()
    with _program(*database, "--reset") as (sandbox, _):
        assert sandbox.app("query-user-balance", token).status_code == 401


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_cleanly(number: signal.Signals) -> None:
    """Both signals end the program with exit code 0 and nothing on stderr."""
    with _program() as (_, process):
        process.send_signal(number)
        _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")


def test_a_busy_port_is_a_sentence() -> None:
    """The error names the port and the option."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(_command("--port", port), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"127.0.0.1:{port}" in done.stderr
    assert "--port" in done.stderr


@pytest.mark.parametrize("name", ["SANDBOX_HTTP_STATUS", "SANDBOX_MJ_TASK_MS"])
def test_a_bad_setting_is_a_sentence(name: str) -> None:
    """A setting that cannot be used stops the start."""
    environment = os.environ | {name: "odd"}
    done = subprocess.run(_command(), cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, name in done.stderr) == (2, True)


def test_it_answers_health(tmp_path: Path) -> None:
    """The health address answers 200."""
    with _program("--database", str(tmp_path / "a.db")) as (sandbox, _):
        assert requests.get(f"{sandbox.url}/healthz", timeout=10).text == "ok"


def test_it_imports_nothing_of_the_hub() -> None:
    """Every import from our own package is of the sandbox itself."""
    sources = [path.read_text() for path in (ROOT / "oauth_app" / "sandbox").rglob("*.py")]
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    froms = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    plain = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    ours = [name for name in froms + plain if name.split(".")[0] == "oauth_app"]
    assert [name for name in ours if not name.startswith("oauth_app.sandbox")] == []


def _command(*options: str) -> list[str]:
    return [sys.executable, "-m", "oauth_app.sandbox", "--port", "0", *options]


@contextmanager
def _program(*options: str) -> Iterator[tuple[Emulator, subprocess.Popen[str]]]:
    environment = os.environ | {"SANDBOX_FAULTS": "1"}
    pipe = subprocess.PIPE
    command = _command(*options)
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout
        ready = re.search(r"http://\S+", process.stdout.readline())
        assert ready
        try:
            yield Emulator(ready[0]), process
        finally:
            process.terminate()
