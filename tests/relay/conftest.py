"""A relay on a real server, between a test and a stub of OhMyGPT."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
import requests
from sqlalchemy import select

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.identifiers import Kind, new_id
from oauth_app.models import Usage, User
from oauth_app.relay.door import RelayDoor
from oauth_app.services.connections import connect
from oauth_app.services.relaying import make_relay
from tests.fixtures.grants import grant
from tests.fixtures.hub import Sandbox, make_partner, make_person, make_test_hub
from tests.relay.servers import Stub, running, running_stub, with_lifespan

_T = TypeVar("_T")

#: Planted: no answer, header or log line may hold it.
SECRET = "omg-oat-v1-PlantedPlantedPlant1"


@dataclass(frozen=True)
class Relayed:
    """A running relay, and the token of one user at one partner."""

    url: str
    hub: Hub
    user_id: str
    partner_id: str
    token: str = field(repr=False)
    #: Whether calls come as ASGI messages, and not by the relay's own door.
    is_asgi: bool = False

    def call(self, path: str, *, method: str = "POST", token: str | None = None, **options: Any) -> requests.Response:  # noqa: ANN401 - options of requests
        """Call the relay with the user's token, or another."""
        headers = {"Authorization": f"Bearer {token or self.token}"} | options.pop("headers", {})
        return requests.request(method, self.url + path, headers=headers, timeout=20, **options)

    def chat(self, **options: Any) -> requests.Response:  # noqa: ANN401 - options of requests
        """Ask the stub's default question."""
        return self.call("/v1/chat/completions", json={"model": "gpt-4o-mini", "messages": []}, **options)

    def usage(self, count: int = 1) -> list[Usage]:
        """Return the records, once there are as many as expected."""
        return wait_for(lambda: rows if len(rows := self._records()) >= count else None)

    def _records(self) -> list[Usage]:
        with reading(self.hub.engine) as session:
            return list(session.scalars(select(Usage).order_by(Usage.id)))


def wait_for(look: Callable[[], _T | None], *, timeout_s: float = 5) -> _T:
    """Return what ``look`` finds, as soon as it finds something."""
    end = time.monotonic() + timeout_s
    while (found := look()) is None:
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
    return found


def make_user(hub: Hub, token: str = SECRET) -> str:
    """Return a user who has signed in, and for whom the hub holds this token."""
    user_id, now = new_id(Kind.USER), clock.now()
    with transaction(hub.engine) as session:
        user = User(id=user_id, upstream_user_id=user_id, email="ann@example.com", created_at=now, signed_in_at=now)
        session.add(user)
        session.flush()  # the connection names it
        connect(session, hub.vault, user_id, token)
    return user_id


@pytest.fixture
def stub() -> Iterator[Stub]:
    """Run a stub of OhMyGPT."""
    with running_stub() as stub:
        yield stub


@pytest.fixture
def settings() -> dict[str, Any]:
    """Settings that a test file wants otherwise."""
    return {}


@pytest.fixture
def relay_hub(tmp_path: Path, migrated_database: Path, stub: Stub, settings: dict[str, Any]) -> Iterator[Hub]:
    """Make a hub in front of the stub."""
    shutil.copy(migrated_database, tmp_path / "hub.db")
    hub = make_test_hub(tmp_path, ohmygpt_api_base=stub.url, **settings)
    yield hub
    hub.close()


@pytest.fixture(params=["direct", "asgi"])
def server(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Say by which of the relay's two doors calls come: our own server's, or any ASGI server's."""
    return {"http": RelayDoor if request.param == "direct" else "httptools"}


@pytest.fixture
def relayed(relay_hub: Hub, server: dict[str, Any]) -> Iterator[Relayed]:
    """Run the relay, and let a user agree to AI calls."""
    user_id, partner_id = make_user(relay_hub), make_partner(relay_hub.engine).client_id
    token = grant(relay_hub.engine, user_id, partner_id)
    with running(with_lifespan(make_relay(relay_hub)), **server) as url:
        yield Relayed(url, relay_hub, user_id, partner_id, token, is_asgi=server["http"] == "httptools")


@pytest.fixture
def sandbox_hub(tmp_path: Path, migrated_database: Path, sandbox: Sandbox) -> Iterator[Hub]:
    """Make a hub in front of the sandbox."""
    shutil.copy(migrated_database, tmp_path / "hub.db")
    hub = make_test_hub(tmp_path, ohmygpt_api_base=sandbox.url)
    yield hub
    hub.close()


@pytest.fixture
def sandboxed(sandbox_hub: Hub, sandbox: Sandbox) -> Iterator[Relayed]:
    """Run a relay in front of the sandbox, and let alice, who has money, agree to AI calls."""
    alice = make_person(sandbox_hub, sandbox, "alice@example.com")
    partner_id = make_partner(sandbox_hub.engine).client_id
    token = grant(sandbox_hub.engine, alice.user_id, partner_id)
    with running(with_lifespan(make_relay(sandbox_hub))) as url:
        yield Relayed(url, sandbox_hub, alice.user_id, partner_id, token)
