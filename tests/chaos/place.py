"""Where it happens: a sandbox, a database, two hubs as programs, and users who allow a partner everything."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import requests

from oauth_app.hub import Hub, make_hub
from oauth_app.services.consent import Limits
from oauth_app.services.schema import upgrade_schema
from tests.conftest import ROOT
from tests.fixtures.databases import running_postgresql
from tests.fixtures.grants import grant
from tests.fixtures.hub import Person, Sandbox, make_partner, make_person, make_test_settings, running_sandbox

#: 10 000.00 units each at the beginning.
START_UNITS = 10_000_00
_NO_LIMITS = Limits(per_charge=10**12, per_month=10**15)
_START_S = 60


@dataclass(kw_only=True)
class HubProgram:
    """One ``serve`` at a port, started again and again."""

    port: int
    launcher: subprocess.Popen[str]
    log: Path
    pid: int = 0

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Begin; it answers later."""
        assert self.launcher.stdin is not None
        assert self.launcher.stdout is not None
        self.launcher.stdin.write(f"{self.port}\n")
        self.launcher.stdin.flush()
        self.pid = int(self.launcher.stdout.readline())

    def wait_until_ready(self) -> None:
        """Return when it answers."""
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            try:
                requests.get(f"{self.url}/livez", timeout=2)
            except requests.RequestException:
                time.sleep(0.02)
            else:
                return
        raise AssertionError(f"the hub is not ready: {self.log.read_text()[-2000:]}")  # noqa: EM102, TRY003

    def kill(self) -> None:
        """Kill this very process, and wait until it is gone and its port is free."""
        if not self.pid:
            return
        with suppress(ProcessLookupError):  # it has gone by itself
            os.kill(self.pid, signal.SIGKILL)
            while True:
                os.kill(self.pid, 0)
                time.sleep(0.002)
        self.pid = 0


@dataclass(frozen=True, kw_only=True)
class User:
    """Somebody whom the partner may charge."""

    person: Person
    token: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Everything that runs."""

    sandbox: Sandbox
    sandbox_file: Path
    #: In this process, on the same database: to look, and to do the worker's jobs when all is over.
    hub: Hub
    programs: tuple[HubProgram, ...]
    users: tuple[User, ...]


@contextmanager
def prepared(folder: Path, database: str, *, users: int = 6) -> Iterator[Place]:
    """Make a place and start it; at the end nothing of it runs any more."""
    with ExitStack() as stack:
        url = (
            stack.enter_context(running_postgresql()) if database == "postgresql" else f"sqlite:///{folder / 'hub.db'}"
        )
        ports = free_ports(2)
        sandbox = stack.enter_context(
            running_sandbox(
                "--database",
                str(folder / "sandbox.db"),
                SANDBOX_STRIPE_WEBHOOK_URL=f"http://127.0.0.1:{ports[0]}/webhooks/stripe",
                SANDBOX_STRIPE_RETRY_MS="300,1500",
            )
        )
        settings = make_test_settings(
            folder,
            database_url=url,
            hub_issuer=f"http://127.0.0.1:{ports[0]}",
            ohmygpt_api_base=sandbox.url,
            ohmygpt_web_base=sandbox.url,
        )
        hub = make_hub(settings)
        stack.callback(hub.close)
        upgrade_schema(hub.engine)
        people = _make_users(hub, sandbox, users)
        programs = stack.enter_context(serving(folder, hub, ports))
        yield Place(sandbox=sandbox, sandbox_file=folder / "sandbox.db", hub=hub, programs=programs, users=people)


def _make_users(hub: Hub, sandbox: Sandbox, count: int) -> tuple[User, ...]:
    shop = make_partner(hub.engine, fee_basis_points=333)
    made = []
    for number in range(count):
        email = f"user-{number}@example.com"
        sandbox.set_balance(email, f"{START_UNITS // 100}.00")
        person = make_person(hub, sandbox, email)
        made.append(User(person=person, token=grant(hub.engine, person.user_id, shop.client_id, limits=_NO_LIMITS)))
    return tuple(made)


@contextmanager
def serving(folder: Path, hub: Hub, ports: Sequence[int]) -> Iterator[tuple[HubProgram, ...]]:
    """Serve this hub by a process at each port, all of which answer; at the end none runs any more."""
    with _launching(folder, hub) as launcher, ExitStack() as stack:
        log = folder / "hub.log"
        programs = tuple(HubProgram(port=port, launcher=launcher, log=log) for port in ports)
        for program in programs:
            program.start()
            stack.callback(program.kill)
        for program in programs:
            program.wait_until_ready()
        yield programs


@contextmanager
def _launching(folder: Path, hub: Hub) -> Iterator[subprocess.Popen[str]]:
    """Run the program that starts hubs on the database of this one."""
    settings = hub.settings
    environment = {
        **os.environ,
        "HUB_INSTANCE": str(folder),
        "HUB_ISSUER": settings.hub_issuer,
        "DATABASE_URL": settings.database_url,
        "OHMYGPT_CLIENT_ID": settings.ohmygpt_client_id,
        "OHMYGPT_CLIENT_SECRET": settings.ohmygpt_client_secret.get_secret_value(),
        "OHMYGPT_API_BASE": settings.ohmygpt_api_base,
        "OHMYGPT_WEB_BASE": settings.ohmygpt_web_base,
        "OHMYGPT_TIMEOUT_S": str(settings.ohmygpt_timeout_s),
        "STRIPE_API_BASE": settings.stripe_api_base,
        "REDIS_URL": settings.redis_url,
    }
    command = [sys.executable, "-m", "tests.chaos.launcher"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with (folder / "hub.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=log, **pipes)  # type: ignore[call-overload]
    with process:
        yield process
        process.kill()


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [listener.getsockname()[1] for listener in listeners]
