"""The guides' programs for AI calls: each answers, and says what is wrong when it cannot."""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fixtures.accounts import Account, sign_in
from tests.fixtures.hub import Sandbox
from tests.fixtures.live import LiveHub
from tests.fixtures.node_clients import NodeClients
from tests.guides.programs import EXAMPLES, python

#: Run the program of an example with a question.
Run = Callable[[Account, str], subprocess.CompletedProcess[str]]

#: Example -> what else to set. The libraries for both vendors run once with each.
PROGRAMS = {
    "openai_python": ("openai_python", {}),
    "anthropic_python": ("anthropic_python", {}),
    "openai_js": ("openai_js", {}),
    "anthropic_js": ("anthropic_js", {}),
    "vercel_ai_sdk openai": ("vercel_ai_sdk", {"MODEL": "gpt-4o-mini"}),
    "vercel_ai_sdk anthropic": ("vercel_ai_sdk", {"MODEL": "claude-sonnet-4-6"}),
    "langchain openai": ("langchain", {"MODEL": "gpt-4o-mini"}),
    "langchain anthropic": ("langchain", {"MODEL": "claude-sonnet-4-6"}),
    "litellm openai": ("litellm", {"MODEL": "gpt-4o-mini"}),
    "litellm anthropic": ("litellm", {"MODEL": "claude-sonnet-4-6"}),
}
#: Those that start in a moment.
LIGHT = [name for name in PROGRAMS if not name.startswith(("langchain", "litellm"))]


@pytest.fixture(params=PROGRAMS)
def run(request: pytest.FixtureRequest) -> Run:
    """Prepare what an example needs, and return how to run it."""
    example, settings = PROGRAMS[request.param]
    command, folder = _prepare(request, example)

    def run(account: Account, question: str) -> subprocess.CompletedProcess[str]:
        known = {"OIDC_ISSUER": account.url, "ACCESS_TOKEN": account.token}
        return subprocess.run(
            [*command, question],
            cwd=folder,
            env=os.environ | known | settings,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def _prepare(request: pytest.FixtureRequest, example: str) -> tuple[Sequence[str], Path]:
    if (EXAMPLES / example / "chat.mjs").is_file():
        clients: NodeClients = request.getfixturevalue("node_clients")
        shutil.copy(EXAMPLES / example / "chat.mjs", clients.folder / f"{example}.mjs")
        return [str(clients.node), f"{example}.mjs"], clients.folder
    if example in {"langchain", "litellm"}:
        return [str(request.getfixturevalue("library_python")), "chat.py"], EXAMPLES / example
    return python("chat.py"), EXAMPLES / example


def test_a_program_streams_an_answer(account: Account, run: Run) -> None:
    """It prints the words of the answer, and ends well."""
    done = run(account, "[[words=12]]")
    assert (done.stdout.split(), done.returncode) == ([f"word{number}" for number in range(1, 13)], 0), done.stderr


def test_a_program_tells_where_to_top_up(account: Account, faults: Sandbox, run: Run) -> None:
    """An empty balance ends it with the status and the address that the user needs."""
    faults.fail("/v1/", "no_money")
    done = run(account, "Hello")
    assert done.returncode != 0
    assert "402" in done.stderr
    assert f"{account.url}/account/top-up" in done.stderr


@pytest.mark.parametrize("run", LIGHT, indirect=True)
def test_a_program_tells_what_is_wrong_with_its_token(account: Account, module_hub: LiveHub, run: Run) -> None:
    """A token that nobody knows and one without the scope end it with the status and the reason."""
    unknown = run(replace(account, token="omc_at_wrong"), "Hello")
    narrow = run(sign_in(module_hub, "openid profile"), "Hello")
    for done, status, words in ((unknown, "401", account.url), (narrow, "403", "scope api")):
        assert done.returncode != 0
        assert status in done.stderr
        assert words in done.stderr
