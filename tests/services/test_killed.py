"""A process that is killed while it charges leaves nothing that the worker cannot finish."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from oauth_app import clock
from oauth_app.db import reading
from oauth_app.hub import Hub
from oauth_app.models import Charge
from oauth_app.services.charge_evidence import QUIET
from oauth_app.services.charge_resolution import reconcile_unknown_charges, settle_stale_charges
from oauth_app.services.partners import Credentials
from tests.conftest import ROOT
from tests.fixtures.grants import grant
from tests.fixtures.hub import Sandbox, make_person
from tests.services.books import transfer_count

#: Nobody is at work any more, and the first look at the balance comes soon enough.
LONG = timedelta(seconds=30)
#: A charge takes some 50 ms here.
KILLED_AFTER_MS = range(10, 80, 5)


@pytest.fixture
def victims(hub: Hub, sandbox: Sandbox, shop: Credentials) -> dict[str, str]:
    """Return the access tokens of some users, each with 100 units, by the account's address."""
    emails = [f"victim-{number}@example.com" for number in KILLED_AFTER_MS]
    for email in emails:
        sandbox.set_balance(email, "100.00")
    return {email: grant(hub.engine, make_person(hub, sandbox, email).user_id, shop.client_id) for email in emails}


@pytest.fixture
def presser(sandbox: Sandbox, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Run the program that charges in processes of their own."""
    command = [sys.executable, "-m", "tests.services.press", str(tmp_path), sandbox.url]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def kill_while_charging(presser: subprocess.Popen[str], token: str, after_ms: int) -> None:
    """Let a process begin to charge, and kill it so much later."""
    assert presser.stdin is not None
    assert presser.stdout is not None
    presser.stdin.write(f"{token}\n")
    presser.stdin.flush()
    victim = int(presser.stdout.readline())
    time.sleep(after_ms / 1000)
    with suppress(ProcessLookupError):  # it was quicker
        os.kill(victim, signal.SIGKILL)


def test_a_killed_charge_is_finished_and_never_repeated(
    hub: Hub, sandbox: Sandbox, victims: dict[str, str], presser: subprocess.Popen[str]
) -> None:
    """Wherever SIGKILL strikes, the worker ends the charge, and the books say what OhMyGPT says."""
    for (email, token), after_ms in zip(victims.items(), KILLED_AFTER_MS, strict=True):
        kill_while_charging(presser, token, after_ms)
        assert sandbox.account(email)["charges"] <= 1

    for later in (LONG, LONG + QUIET):
        with clock.moved(later):
            settle_stale_charges(hub)
            reconcile_unknown_charges(hub)

    with reading(hub.engine) as session:
        ended = session.scalars(select(Charge.status)).all()
    taken = sum(sandbox.account(email)["charges"] for email in victims)
    assert set(ended) <= {"succeeded", "failed"}
    assert ended.count("succeeded") == transfer_count(hub) == taken
