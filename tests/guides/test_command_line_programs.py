"""Claude Code and Codex CLI, set up as their guides say, get their answers through the hub."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures.accounts import Account
from tests.fixtures.hub import Sandbox
from tests.fixtures.node_clients import NodeClients
from tests.guides.programs import EXAMPLES

_PLACEHOLDER = "https://connect.example.com"
_SAID = "This is the OhMyGPT sandbox"


def claude_code(account: Account, home: Path) -> tuple[list[str], dict[str, str]]:
    """Return the command, and the environment of the guide with this account's token."""
    del home
    text = (EXAMPLES / "claude_code" / "claude-code.env").read_text("utf-8").replace(_PLACEHOLDER, account.url)
    lines = text.replace("YOUR_ACCESS_TOKEN", account.token).splitlines()
    return ["claude", "-p", "Say hello"], dict(line.split("=", 1) for line in lines)


def codex(account: Account, home: Path) -> tuple[list[str], dict[str, str]]:
    """Return the command, write the guide's configuration, and return the variable that it names."""
    text = (EXAMPLES / "codex" / "config.toml").read_text("utf-8").replace(_PLACEHOLDER, account.url)
    (home / ".codex").mkdir()
    (home / ".codex" / "config.toml").write_text(text, "utf-8")
    return ["codex", "exec", "--skip-git-repo-check", "Say hello"], {"ACCESS_TOKEN": account.token}


@pytest.mark.parametrize("prepare", [claude_code, codex])
def test_a_program_gets_its_answer(
    account: Account,
    faults: Sandbox,
    command_line_programs: NodeClients,
    tmp_path: Path,
    prepare: Callable[[Account, Path], tuple[list[str], dict[str, str]]],
) -> None:
    """Asked once without a terminal, it prints what the sandbox says, and the sandbox was paid for a call."""
    before = faults.account("alice@example.com")["calls"]
    done = _run(command_line_programs, prepare(account, tmp_path), tmp_path)
    assert _SAID in done.stdout, done.stderr[-2000:]
    assert done.returncode == 0
    assert faults.account("alice@example.com")["calls"] > before


def _run(
    programs: NodeClients, prepared: tuple[list[str], dict[str, str]], home: Path
) -> subprocess.CompletedProcess[str]:
    (name, *words), settings = prepared
    (home / "work").mkdir()
    # Nothing of this machine's own settings for these programs.
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "DISABLE_AUTOUPDATER": "1"}
    return subprocess.run(
        [str(programs.node), str(programs.folder / "node_modules" / ".bin" / name), *words],
        cwd=home / "work",
        env=environment | settings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
