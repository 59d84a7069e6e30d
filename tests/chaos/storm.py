"""The storm: hubs are killed and started again, OhMyGPT and Stripe fail, webhooks are lost, doubled and mixed up."""

import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import requests

from oauth_app import clock
from oauth_app.worker.jobs import make_jobs
from tests.chaos.driving import Driver, Promises, stop_all
from tests.chaos.place import Place
from tests.fixtures.hub import BALANCE_PATH, CHARGE_PATH

#: What may strike, as the sandbox takes it; after the effect is the worst, so it comes more often.
_FAULTS = (
    {"match": CHARGE_PATH, "kind": "reset_after"},
    {"match": CHARGE_PATH, "kind": "reset_after"},
    {"match": CHARGE_PATH, "kind": "reset_before"},
    {"match": CHARGE_PATH, "kind": "slow", "seconds": 1},
    {"match": CHARGE_PATH, "kind": "slow", "seconds": 3},
    {"match": CHARGE_PATH, "kind": "status", "code": 502},
    {"match": BALANCE_PATH, "kind": "reset_after"},
    {"match": "/stripe/v1/", "kind": "reset_after"},
    {"match": "/stripe/v1/", "kind": "reset_before"},
    {"match": "/stripe/v1/", "kind": "slow", "seconds": 1},
    {"match": "/stripe/v1/", "kind": "status", "code": 500},
)
_WEBHOOK_FAULTS = (
    {"kind": "lose"},
    {"kind": "duplicate", "times": 2},
    {"kind": "delay", "delay_ms": 700},
    {"kind": "reorder", "times": 3},
)
#: After these the last job has nothing left to do: leases are over, quiet balances are quiet.
_LATER_MIN = (0, 3, 10, 20)


def rage(
    place: Place, *, kills: int, seed: int, deadline_s: float, tell: Callable[[str], None]
) -> tuple[Promises, int]:
    """Kill hubs while the drivers drive, then let everything come to rest; return the promises and the kills."""
    dice, promises = random.Random(seed), Promises()  # noqa: S311 - a dice
    drivers = [Driver(place, user, promises, seed + number) for number, user in enumerate(place.users)]
    for driver in drivers:
        driver.start()
    ends_at, done = time.monotonic() + deadline_s, 0
    while done < kills and time.monotonic() < ends_at:
        _let_something_fail(place, dice)
        time.sleep(dice.uniform(0, 0.8))
        victim = dice.choice(place.programs)
        victim.kill()
        done += 1
        victim.start()
        victim.wait_until_ready()
        if done % 20 == 0:
            tell(f"{done} kills, {sum(promises.counts.values())} answers")
    promises.storm_ended_at = clock.now()
    _calm(place)
    stop_all(drivers)
    return promises, done


def come_to_rest(place: Place) -> Counter[str]:
    """Stop the hubs, and do the worker's jobs as time goes by; return how much each did."""
    for program in place.programs:
        program.kill()
    done: Counter[str] = Counter()
    jobs = make_jobs()  # once: some remember how far they have looked
    for minutes in _LATER_MIN:
        with clock.moved(timedelta(minutes=minutes)):
            for _ in range(2):
                for job in jobs:
                    done[job.name] += job.work(place.hub)
    return done


def _let_something_fail(place: Place, dice: random.Random) -> None:
    _control(place, "POST", "faults", dice.choice(_FAULTS))
    if dice.random() < 0.6:
        _control(place, "POST", "stripe/webhook-faults", dice.choice(_WEBHOOK_FAULTS))


def _calm(place: Place) -> None:
    _control(place, "DELETE", "faults", None)
    _control(place, "DELETE", "stripe/webhook-faults", None)


def _control(place: Place, method: str, path: str, body: dict[str, object] | None) -> None:
    answer = requests.request(method, f"{place.sandbox.url}/_sandbox/{path}", json=body, timeout=10)
    answer.raise_for_status()
