"""Three processes of one hub with Redis between them: they count together, and hear of each other."""

import asyncio
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
import redis
import requests
from aiohttp import web
from sqlalchemy import select

from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.models import Consent
from oauth_app.relay.grapevine import CHANNEL
from oauth_app.services.consent import revoke_consent
from tests.chaos.place import HubProgram, free_ports, serving
from tests.fixtures.grants import grant
from tests.fixtures.hub import make_partner, make_test_hub
from tests.fixtures.redis_server import running_redis, running_redis_at
from tests.relay.conftest import make_user, wait_for
from tests.relay.servers import Stub, running_stub

PROCESSES, ASKED, ALLOWED = 3, 12, 4
EVENT = b'data: {"choices": [{"delta": {"content": "word "}}]}\n\n'


@dataclass(frozen=True, kw_only=True)
class Served:
    """What runs, and the token of a user."""

    programs: tuple[HubProgram, ...]
    #: Of the same database and the same Redis, in this process.
    hub: Hub
    stub: Stub
    redis: Popen[bytes]
    token: str

    def ask(self, number: int, **options: Any) -> requests.Response:  # noqa: ANN401 - options of requests
        """Ask one of the processes after the other."""
        url = f"{self.programs[number % PROCESSES].url}/v1/chat/completions"
        body = {"model": "gpt-4o-mini", "messages": [], "stream": options.get("stream", False)}
        headers = {"Authorization": f"Bearer {self.token}"}
        return requests.post(url, json=body, headers=headers, timeout=30, **options)

    def allow(self, **columns: int) -> None:
        """Let the user allow something else from now on."""
        with transaction(self.hub.engine) as session:
            consent = session.scalars(select(Consent)).one()
            for name, value in columns.items():
                setattr(consent, name, value)
        self.hub.callers.forget_all()

    def disconnect(self) -> None:
        """Disconnect the site in this process."""
        with transaction(self.hub.engine) as session:
            consent_id = session.scalars(select(Consent.id)).one()
            revoke_consent(session, consent_id)
        self.hub.callers.forget_consent(consent_id)

    def health(self) -> tuple[int, dict[str, str]]:
        """Return whether a process says that it is ready."""
        answer = requests.get(f"{self.programs[0].url}/readyz", timeout=10)
        return answer.status_code, answer.json()

    def wait_for_listeners(self) -> None:
        """Wait until every process listens to the others."""
        with closing(redis.Redis.from_url(self.hub.settings.redis_url)) as server:
            wait_for(lambda: server.pubsub_numsub(CHANNEL)[0][1] == PROCESSES or None, timeout_s=15)


@pytest.fixture
def served(tmp_path: Path, migrated_database: Path) -> Iterator[Served]:
    """Serve a hub by several processes, each at a port of its own."""
    shutil.copy(migrated_database, tmp_path / "hub.db")
    with ExitStack() as stack:
        url, server = stack.enter_context(running_redis())
        stub = stack.enter_context(running_stub())
        hub = make_test_hub(tmp_path, ohmygpt_api_base=stub.url, redis_url=url)
        stack.callback(hub.close)
        token = grant(hub.engine, make_user(hub), make_partner(hub.engine).client_id)
        programs = stack.enter_context(serving(tmp_path, hub, free_ports(PROCESSES)))
        made = Served(programs=programs, hub=hub, stub=stub, redis=server, token=token)
        made.wait_for_listeners()
        yield made


@pytest.fixture
def stream(served: Served) -> Iterator[Iterator[bytes]]:
    """Begin a stream by the last process that goes on for half a minute."""

    async def script(request: web.Request) -> web.StreamResponse:
        await request.read()
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for _ in range(300):
            await response.write(EVENT)
            await asyncio.sleep(0.1)
        return response

    served.stub.script = script
    with served.ask(PROCESSES - 1, stream=True) as answer:
        assert answer.status_code == 200
        pieces = answer.iter_content(None)  # one alone: a second would find nothing
        assert next(pieces)
        yield pieces


def test_calls_of_a_minute_are_counted_together(served: Served) -> None:
    """Whichever process is asked, as many are let in as the user allows."""
    served.allow(calls_per_minute=ALLOWED)
    time.sleep(0.2)

    with ThreadPoolExecutor(ASKED) as pool:
        answers = Counter(answer.status_code for answer in pool.map(served.ask, range(ASKED)))

    assert answers == {200: ALLOWED, 429: ASKED - ALLOWED}


def test_calls_at_once_are_counted_together(served: Served) -> None:
    """What waits for OhMyGPT keeps its place, and gives it back to all processes."""

    async def script(request: web.Request) -> web.StreamResponse:
        await request.read()
        await served.stub.passed()
        return web.json_response({"choices": []})

    served.stub.script = script
    served.allow(ai_calls_at_once=ALLOWED)
    time.sleep(0.2)

    with ThreadPoolExecutor(ASKED) as pool:
        running = [pool.submit(served.ask, number) for number in range(ASKED)]
        wait_for(lambda: sum(one.done() for one in running) == ASKED - ALLOWED or None, timeout_s=20)
        time.sleep(0.3)  # nobody else is let in
        refused = [one.result().status_code for one in running if one.done()]
        served.stub.gate.set()
        answers = Counter(one.result().status_code for one in running)

    assert set(refused) == {429}
    assert answers == {200: ALLOWED, 429: ASKED - ALLOWED}
    assert wait_for(lambda: served.ask(1).status_code == 200 or None, timeout_s=5)


def test_who_disconnects_in_one_process_ends_what_runs_in_another(served: Served, stream: Iterator[bytes]) -> None:
    """At once: Redis tells it, long before anybody would look by itself."""
    assert next(stream)
    served.disconnect()
    begun_s = time.monotonic()
    rest = b"".join(stream)

    assert time.monotonic() - begun_s < 1
    assert b"error" in rest
    assert served.ask(0).status_code == 401


def test_after_redis_was_away_everybody_listens_again(served: Served, stream: Iterator[bytes]) -> None:
    """Its memory was lost with it; the calls that run were not."""
    assert served.health() == (200, {"status": "ok"})
    served.redis.kill()
    served.redis.wait()
    assert served.health() == (200, {"status": "degraded", "redis": "does not answer"})
    place = Path(served.hub.settings.redis_url.removeprefix("unix://"))
    with running_redis_at(place):
        served.wait_for_listeners()
        assert served.health() == (200, {"status": "ok"})
        assert next(stream)
        served.disconnect()
        begun_s = time.monotonic()
        rest = b"".join(stream)

    assert b"error" in rest
    assert time.monotonic() - begun_s < 1
