"""What a sandbox keeps in a long run stays bounded."""

import json
import sqlite3
import tracemalloc
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from oauth_app.sandbox.config import Config
from tests.sandbox.emulator import Emulator, chat, running

ROUND = 700

#: Growth of Python's own memory that a second and a third round may cause; one kept request would be above it.
SLACK_BYTES = 400_000


@pytest.mark.timeout(300)
def test_memory_does_not_grow_with_the_requests(tmp_path: Path) -> None:
    """After the first hundreds of requests of a kind the next ones need no more memory."""
    with running(Config(database=str(tmp_path / "a.db"), faults=True, chunk_pause_ms=0)) as sandbox:
        token = sandbox.token()
        tracemalloc.start()
        try:
            sizes = [_size_after_a_round(sandbox, token) for _ in range(3)]
        finally:
            tracemalloc.stop()
    assert sizes[2] - sizes[0] < SLACK_BYTES


def test_visitors_without_cookies_leave_no_pile_of_sessions(tmp_path: Path) -> None:
    """Of the sessions that nobody signed in with, only the latest are kept."""
    database = tmp_path / "a.db"
    with running(Config(database=str(database))) as sandbox:
        for _ in range(1_100):
            requests.get(f"{sandbox.url}/sandbox/sign-in", timeout=10)
        with closing(sqlite3.connect(database)) as connection:
            count = connection.execute("SELECT COUNT(*) FROM session").fetchone()[0]
    assert count <= 1_001


def test_the_page_stays_small(sandbox: Emulator, token: str) -> None:
    """Large bodies are cut and old requests leave."""
    with requests.Session() as http:
        headers = {"Authorization": f"Bearer {token}"}
        for _ in range(150):
            http.post(f"{sandbox.url}/v1/chat/completions", json=chat("x" * 50_000), headers=headers, timeout=10)
    assert len(requests.get(sandbox.url, timeout=10).content) < 500_000


def _size_after_a_round(sandbox: Emulator, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with closing(HTTPConnection("127.0.0.1", urlsplit(sandbox.url).port)) as connection:
        for number in range(ROUND // 4):
            for method, path, body, more in (
                ("POST", "/v1/chat/completions", json.dumps(chat(f"prompt {number}")), {}),
                ("POST", "/v1/chat/completions", json.dumps(chat(stream=True)), {}),
                ("POST", f"/v1/nothing/{number}", "x" * 20_000, {}),
                ("GET", "/v1/models", None, {"X-Sandbox-Fault": "html"}),
            ):
                connection.request(method, path, body, headers | more)
                connection.getresponse().read()
    return tracemalloc.get_traced_memory()[0]
