"""One process of clients, a thread each: charges wallets through the ledger, as services do, until its time is over.

    python -m benchmarks.ledger.client URL SECONDS PARTNERS [THREADS [SYNCHRONOUS]]

It says "ready" when each has made some charges, begins when it reads a line, and prints one line of latencies.
"""

import itertools
import json
import random
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from sqlalchemy import Engine, event

from benchmarks.ledger.seed import USERS
from oauth_app.db import make_engine, transaction
from oauth_app.identifiers import Kind, new_id
from oauth_app.ledger import WalletCharge, charge_wallet, split_amount

_PERCENT = 250  # basis points: 2.5 %


def main(url: str, seconds: str, partners: str, threads: str = "1", synchronous: str = "FULL") -> None:
    """Charge until the time is over."""
    engine = make_engine(url)
    if engine.dialect.name == "sqlite":
        # After the hub's own listener, which sets FULL.
        event.listen(engine, "connect", lambda raw, _: raw.execute(f"PRAGMA synchronous = {synchronous}"))
    charge = partial(_charge, engine, random.Random(), int(partners))  # noqa: S311 - a load, not a secret
    with ThreadPoolExecutor(int(threads)) as pool:
        # The driver prepares a statement after a few repeats.
        list(pool.map(lambda _: [charge() for _ in range(10)], range(int(threads))))
        print("ready", flush=True)
        sys.stdin.readline()
        took = list(pool.map(lambda _: _charge_until(charge, float(seconds)), range(int(threads))))
    print(json.dumps([latency for each in took for latency in each]))


def _charge_until(charge: Callable[[], None], seconds: float) -> list[int]:
    """Return how long each charge took, in microseconds."""
    end = time.perf_counter() + seconds
    moments = [time.perf_counter()]
    while moments[-1] < end:
        charge()
        moments.append(time.perf_counter())
    return [round((after - before) * 1e6) for before, after in itertools.pairwise(moments)]


def _charge(engine: Engine, choose: random.Random, partners: int) -> None:
    wish = WalletCharge(
        reference=new_id(Kind.CHARGE),
        partner_id=f"ptn_{choose.randrange(partners)}",
        user_id=f"usr_{choose.randrange(USERS)}",
        asset="USD",
        split=split_amount(10_01, _PERCENT),
    )
    with transaction(engine) as session:
        charge_wallet(session, wish)


if __name__ == "__main__":
    main(*sys.argv[1:])
