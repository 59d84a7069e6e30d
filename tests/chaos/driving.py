"""What partners and users do meanwhile: charges, refunds, holds and top-ups, each asked until there is an answer."""

import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.chaos.place import Place, User

#: How often one request is sent again, with the same key, before the partner gives up.
_TRIES = 12
_TIMEOUT_S = 8
#: Between two things; the storm needs some of the processor.
_PAUSE_S = 0.05
#: The same key may be sent again after these: in flight, or nobody knows.
_AGAIN = {409, 429, 500, 502, 503, 504}


@dataclass(kw_only=True)
class Promises:
    """What the hub has said: afterwards it must be true."""

    #: Kind and id, with the answer; a later answer to the same replaces it.
    told: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, what: str, answer: requests.Response) -> dict[str, Any] | None:
        """Remember an answer; return its object, None if it was a refusal."""
        with self.lock:
            self.counts[f"{what} {answer.status_code}"] += 1
            if answer.status_code not in {200, 201, 202}:
                return None
            told: dict[str, Any] = answer.json()
            self.told[told["object"], told["id"]] = told
            return told


class Driver(threading.Thread):
    """One user's life: one thing after the other, in an order of its own."""

    def __init__(self, place: Place, user: User, promises: Promises, seed: int) -> None:
        super().__init__(name=user.person.email, daemon=True)
        self._place = place
        self._user = user
        self._promises = promises
        self._random = random.Random(seed)  # noqa: S311 - a dice
        self._numbers = itertools.count()
        self._charges: list[str] = []
        self._stopping = threading.Event()
        #: What went wrong in the driver itself, such as an answer that is no JSON.
        self.problem: BaseException | None = None

    def run(self) -> None:
        """Do things until it is stopped."""
        actions = (
            (self._charge_upstream, 6),
            (self._charge_wallet, 6),
            (self._refund, 3),
            (self._hold, 4),
            (self._top_up_stripe, 3),
            (self._top_up_ohmygpt, 1),
        )
        choices, weights = zip(*actions, strict=True)
        try:
            self._top_up_stripe()
            self._top_up_ohmygpt()
            while not self._stopping.is_set():
                self._random.choices(choices, weights)[0]()
                time.sleep(_PAUSE_S)
        except BaseException as error:  # noqa: BLE001 - told by whoever joins
            self.problem = error

    def stop(self) -> None:
        """End after the present thing."""
        self._stopping.set()

    def _charge_upstream(self) -> None:
        self._charge("OMG", self._random.randint(1, 5_00))

    def _charge_wallet(self) -> None:
        self._charge("USD", self._random.randint(1, 3_00))

    def _charge(self, asset: str, amount: int) -> None:
        key = self._key("charge")
        # The description goes to OhMyGPT as the remark: it tells afterwards which charge was carried out.
        made = self._post("charges", {"amount": amount, "asset": asset, "description": key}, key)
        if made and made["status"] == "succeeded":
            self._charges.append(made["id"])

    def _refund(self) -> None:
        if self._charges:
            charge = self._random.choice(self._charges)
            part = {"amount": self._random.randint(1, 50)} if self._random.random() < 0.7 else {}
            self._post("refunds", {"charge": charge, **part}, self._key("refund"))

    def _hold(self) -> None:
        wish = {"amount": self._random.randint(1, 2_00), "asset": "USD", "description": "a hold", "expires_in": 3600}
        made = self._post("holds", wish, self._key("hold"))
        if not made:
            return
        match self._random.choice(("capture", "capture part", "void", "leave")):
            case "capture":
                self._post(f"holds/{made['id']}/capture", {}, self._key("capture"))
            case "capture part":
                part = {"amount": self._random.randint(1, made["amount"])}
                self._post(f"holds/{made['id']}/capture", part, self._key("capture"))
            case "void":
                self._post(f"holds/{made['id']}/void", {}, self._key("void"))

    def _top_up_stripe(self) -> None:
        self._top_up("stripe", "USD", self._random.randint(5_00, 20_00))

    def _top_up_ohmygpt(self) -> None:
        self._top_up("ohmygpt", "CNY", 1_00)

    def _top_up(self, provider: str, asset: str, amount: int) -> None:
        kind = self._random.choice(("checkout", "invoice"))
        wish = {"provider": provider, "kind": kind, "asset": asset, "amount": amount}
        made = self._post("top-ups", wish, self._key("top-up"))
        if not made or not made["url"] or self._random.random() < 0.1:
            return  # a user who changed their mind
        requests.post(f"{made['url']}/pay", timeout=10, allow_redirects=False).raise_for_status()
        if provider == "ohmygpt":
            self._wait_for(made["id"])

    def _wait_for(self, top_up_id: str) -> None:
        """Look at the order until it is paid, as the user's page does."""
        for _ in range(_TRIES):
            answer = self._send("GET", f"top-ups/{top_up_id}", None, None)
            if answer is not None and answer.status_code == 200 and answer.json()["status"] == "paid":
                self._promises.keep("top-up seen", answer)
                return
            time.sleep(0.2)

    def _post(self, path: str, body: dict[str, Any], key: str) -> dict[str, Any] | None:
        what = path.rpartition("/")[2]
        for _ in range(_TRIES):
            answer = self._send("POST", path, body, key)
            if answer is not None and answer.status_code not in _AGAIN:
                return self._promises.keep(what, answer)
            with self._promises.lock:
                self._promises.counts[f"{what} again"] += 1
            time.sleep(self._random.uniform(0.05, 0.4))
        return None

    def _send(self, method: str, path: str, body: dict[str, Any] | None, key: str | None) -> requests.Response | None:
        hub = self._random.choice(self._place.programs)
        headers = {"Authorization": f"Bearer {self._user.token}"} | ({"Idempotency-Key": key} if key else {})
        try:
            return requests.request(method, f"{hub.url}/hub/v1/{path}", json=body, headers=headers, timeout=_TIMEOUT_S)
        except requests.RequestException:
            return None

    def _key(self, what: str) -> str:
        return f"{self.name}/{what}/{next(self._numbers)}"


def stop_all(drivers: Sequence[Driver]) -> None:
    """Let all drivers end, and pass on what went wrong in one."""
    for driver in drivers:
        driver.stop()
    for driver in drivers:
        driver.join()
        if driver.problem is not None:
            raise driver.problem
