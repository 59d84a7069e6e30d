"""Four processes of one hub share a wallet: exactly what is in it is spent, whatever arrives at once."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from sqlalchemy import Engine, func, select

from oauth_app.db import reading, transaction
from oauth_app.hub import Hub, make_hub
from oauth_app.ledger import (
    AccountKind,
    AccountName,
    Movement,
    TransferKind,
    TransferWish,
    get_balance,
    record_transfer,
    verify_books,
)
from oauth_app.models import Charge
from tests.chaos.place import HubProgram, free_ports, serving
from tests.fixtures.grants import grant
from tests.fixtures.hub import Sandbox, make_partner, make_person, make_test_settings

PROCESSES, ASKED, COVERED, PRICE = 4, 200, 100, 7


@dataclass(frozen=True, kw_only=True)
class Served:
    """A hub of four processes, and a token of a user whose wallet covers half of what will be asked."""

    programs: tuple[HubProgram, ...]
    token: str
    hub: Hub
    user_id: str


@pytest.fixture
def hub_there(engine: Engine, sandbox: Sandbox, tmp_path: Path) -> Iterator[Hub]:
    """Open a hub on each of the databases in turn."""
    settings = make_test_settings(
        tmp_path,
        database_url=engine.url.render_as_string(hide_password=False),
        ohmygpt_api_base=sandbox.url,
        ohmygpt_web_base=sandbox.url,
    )
    hub = make_hub(settings)
    yield hub
    hub.close()


@pytest.fixture
def served(hub_there: Hub, sandbox: Sandbox, tmp_path: Path) -> Iterator[Served]:
    """Fill alice's wallet, and serve the hub by four processes, each at a port of its own."""
    hub = hub_there
    alice = make_person(hub, sandbox, "alice@example.com")
    token = grant(hub.engine, alice.user_id, make_partner(hub.engine, fee_basis_points=250).client_id)
    paid_in = Movement(
        source=AccountName(kind=AccountKind.STRIPE_CLEARING, asset="USD"),
        destination=AccountName.wallet(alice.user_id, "USD"),
        amount=COVERED * PRICE,
    )
    with transaction(hub.engine) as session:
        record_transfer(session, TransferWish(kind=TransferKind.TOP_UP, reference="top_1", movements=(paid_in,)))
    with serving(tmp_path, hub, free_ports(PROCESSES)) as programs:
        yield Served(programs=programs, token=token, hub=hub, user_id=alice.user_id)


def test_two_hundred_charges_for_a_hundred(served: Served) -> None:
    """Of 200 charges at once by four processes exactly the 100 that are covered succeed, and the books balance."""

    def press(number: int) -> int:
        headers = {"Authorization": f"Bearer {served.token}", "Idempotency-Key": f"order-{number}"}
        hub = served.programs[number % PROCESSES]
        body = {"amount": PRICE, "asset": "USD", "description": "Stickers"}
        return requests.post(f"{hub.url}/hub/v1/charges", json=body, headers=headers, timeout=60).status_code

    with ThreadPoolExecutor(40) as pool:
        answers = Counter(pool.map(press, range(ASKED)))
    assert answers == {201: COVERED, 402: ASKED - COVERED}
    with reading(served.hub.engine) as session:
        rows = session.execute(select(Charge.status, func.count()).group_by(Charge.status))
        states = {status: count for status, count in rows}  # noqa: C416 - rows are no pairs to mypy
        left = get_balance(session, AccountName.wallet(served.user_id, "USD"))
    assert (states, left) == ({"succeeded": COVERED, "declined": ASKED - COVERED}, 0)
    assert list(verify_books(served.hub.engine)) == []
