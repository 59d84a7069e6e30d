"""The JavaScript packages under node: OpenAI's, Anthropic's, and the AI SDK of Vercel."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.conftest import ROOT
from tests.fixtures.accounts import Account
from tests.fixtures.node_clients import NodeClients
from tests.relay.sdk.test_streams_that_end_early import unfinished
from tests.relay.servers import Stub

#: What to call -> the place of its error among those that the program knows.
CLIENTS = {"openai": 0, "anthropic": 1, "vercel openai": 2, "vercel openai chat": 2, "vercel anthropic": 2}
#: The guides' programs that stop when they are told to.
PROGRAMS = ["openai_js", "anthropic_js", "vercel_ai_sdk"]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_package_works(account: Account, node_clients: NodeClients, client: str) -> None:
    """It chats, streams the same, calls a tool, tells the request id, and raises its own error for a wrong token."""
    shutil.copy(ROOT / "tests" / "clients" / "sdks.mjs", node_clients.folder)
    environment = os.environ | {"HUB": account.url, "TOKEN": account.token}
    command = [str(node_clients.node), "sdks.mjs", client]
    done = subprocess.run(
        command, cwd=node_clients.folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert len(told["text"].split()) == 6
    assert told["streamed"] == told["text"]
    assert told["tool"] == {"city": "Oslo"}
    assert told.get("steps", 2) == 2
    assert told["requestId"].startswith("req_")
    assert (told["error"]["kind"], told["error"]["status"]) == (CLIENTS[client], 401)
    assert account.url in told["error"]["message"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_abort_stops_the_model(stubbed: Account, stub: Stub, node_clients: NodeClients, program: str) -> None:
    """The signal of an ``AbortController`` ends the work upstream within a second, while the program lives on."""
    stub.script = unfinished(stub)
    with _running(stubbed, node_clients, program) as process:
        assert stub.begun.wait(20), "it did not call"
        assert not stub.left.wait(0.5)
        process.send_signal(signal.SIGINT)
        assert stub.left.wait(1)
        process.wait(10)


@contextmanager
def _running(account: Account, clients: NodeClients, program: str) -> Iterator[subprocess.Popen[bytes]]:
    name = f"{program}.mjs"
    shutil.copy(ROOT / "examples" / program / "chat.mjs", clients.folder / name)
    # The stub begins a message of Anthropic's as it should be.
    known = {"OIDC_ISSUER": account.url, "ACCESS_TOKEN": account.token, "MODEL": "claude-sonnet-4-6"}
    with subprocess.Popen([str(clients.node), name], cwd=clients.folder, env=os.environ | known) as process:
        try:
            yield process
        finally:
            process.kill()
