"""No call is lost on its way into the usage log."""

import asyncio
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import requests
from aiohttp import web
from sqlalchemy import func, select

from oauth_app import clock
from oauth_app.db import reading
from oauth_app.hub import Hub
from oauth_app.models import Usage
from oauth_app.relay import UsageLog
from oauth_app.relay.usage_log import UsageRecord
from tests.conftest import ROOT
from tests.fixtures.grants import grant
from tests.fixtures.hub import make_partner
from tests.relay.conftest import make_user, wait_for
from tests.relay.servers import CHAT, Stub

_PROGRAM = """
import sys, uvicorn
from pathlib import Path
from tests.fixtures.hub import make_test_hub
from tests.relay.servers import with_lifespan
from oauth_app.services.relaying import make_relay
hub = make_test_hub(Path(sys.argv[1]), ohmygpt_api_base=sys.argv[2])
uvicorn.run(with_lifespan(make_relay(hub)), fd=int(sys.argv[3]), lifespan="on", log_level="error", ws="none",
            timeout_graceful_shutdown=1)
"""


def make_record(**columns: object) -> UsageRecord:
    """Return a record of some call."""
    known = {
        "request_id": "req_1",
        "consent_id": "con_1",
        "user_id": "usr_1",
        "partner_id": "ptn_1",
        "method": "POST",
        "path": "/v1/x",
        "endpoint": "chat",
        "model": None,
        "status": 200,
        "outcome": "complete",
        "input_tokens": 1,
        "output_tokens": 2,
        "bytes_in": 3,
        "bytes_out": 4,
        "estimated_cost": None,
        "started_at": clock.now(),
        "duration_ms": 5,
        "first_byte_ms": 6,
    }
    return UsageRecord(**(known | columns))  # type: ignore[arg-type]


def count(hub: Hub) -> int:
    """Return how many records the database holds."""
    with reading(hub.engine) as session:
        return session.scalar(select(func.count()).select_from(Usage)) or 0


def test_a_stop_writes_what_waits(relay_hub: Hub) -> None:
    """What was added before the stop is in the database after it."""

    async def fill() -> None:
        log = UsageLog(relay_hub.engine)
        await log.start()
        for number in range(5000):
            log.add(make_record(request_id=f"req_{number}"))
        await log.stop()

    asyncio.run(fill())
    assert count(relay_hub) == 5000


def test_a_locked_database_delays_and_loses_nothing(relay_hub: Hub, tmp_path: Path) -> None:
    """While another program holds the file, records wait."""

    async def fill() -> None:
        log = UsageLog(relay_hub.engine)
        await log.start()
        with closing(sqlite3.connect(tmp_path / "hub.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            log.add(make_record())
            await asyncio.sleep(0.5)
            other.execute("ROLLBACK")
        await log.stop()

    asyncio.run(fill())
    assert count(relay_hub) == 1


def test_one_record_that_does_not_fit_takes_no_other_with_it(relay_hub: Hub) -> None:
    """A batch with a row that the database refuses is written row by row."""

    async def fill() -> None:
        log = UsageLog(relay_hub.engine)
        await log.start()
        for status in (200, None, 201):
            log.add(make_record(status=status))
        await log.stop()

    asyncio.run(fill())
    assert count(relay_hub) == 2


@pytest.mark.parametrize("is_slow", [False, True])
def test_a_terminated_server_has_written_every_call(
    relay_hub: Hub,
    stub: Stub,
    tmp_path: Path,
    is_slow: bool,  # noqa: FBT001
) -> None:
    """SIGTERM under load: each call that reached OhMyGPT is in the log, also those that were cut off."""
    reached = []

    async def script(request: web.Request) -> web.Response:
        reached.append(request.path)
        await asyncio.sleep(3 if is_slow and len(reached) > 20 else 0)
        return web.json_response(CHAT)

    stub.script = script
    token = grant(relay_hub.engine, make_user(relay_hub), make_partner(relay_hub.engine).client_id)
    with _running_program(tmp_path, stub) as (url, program), _load(url, token):
        wait_for(lambda: len(reached) > 30 or None, timeout_s=30)
        program.send_signal(signal.SIGTERM)
        program.wait(20)

    assert count(relay_hub) == len(reached)


@contextmanager
def _running_program(folder: Path, stub: Stub) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        command = [sys.executable, "-c", _PROGRAM, str(folder), stub.url, str(listener.fileno())]
        program = subprocess.Popen(command, cwd=ROOT, pass_fds=[listener.fileno()])
    try:
        yield url, program
    finally:
        program.kill()
        program.wait()


@contextmanager
def _load(url: str, token: str, callers: int = 16) -> Iterator[None]:
    """Call again and again, from several threads, until the block ends or nobody answers."""
    ended = threading.Event()

    def call() -> None:
        with requests.Session() as session:
            while not ended.is_set():
                try:
                    session.post(f"{url}/v1/chat/completions", json={}, headers={"x-api-key": token}, timeout=20)
                except requests.RequestException:
                    time.sleep(0.05)

    threads = [threading.Thread(target=call, daemon=True) for _ in range(callers)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
