"""What partners, users, banks and the operator do meanwhile; a partner asks until there is an answer."""

import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import requests

from tests.chaos.going_back import GoingBack
from tests.chaos.place import Place, User

#: How often one request is sent again, with the same key, before the partner gives up.
_TRIES = 12
_TIMEOUT_S = 8
#: Between two things; the storm needs some of the processor.
_PAUSE_S = 0.05
#: The same key may be sent again after these: nobody knows.
_AGAIN = {429, 500, 502, 503, 504}
#: The shortest a hold may live, and one that outlives the storm.
_SHORT_S, _LONG_S = 60, 86_400


@dataclass(kw_only=True)
class Promises:
    """What the hub has said: afterwards it must be true."""

    #: Kind and id, with the answer; a later answer to the same replaces it.
    told: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    #: Every key a partner has used, with its body; a key stands for one wish.
    asked: dict[str, dict[str, Any]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    #: When the last hub was killed.
    storm_ended_at: datetime | None = None
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
        #: Holds that nobody captured or voided when they were made.
        self._left: list[dict[str, Any]] = []
        self._going_back = GoingBack(place, self._random)
        self._stopping = threading.Event()
        #: What went wrong in the driver itself, such as an answer that is no JSON.
        self.problem: BaseException | None = None

    def run(self) -> None:
        """Do things until it is stopped."""
        actions = (
            (self._charge_upstream, 12),
            (self._charge_wallet, 12),
            (self._refund, 6),
            (self._hold, 8),
            (self._hold_for_a_minute, 5),
            (self._come_late, 3),
            (self._top_up_stripe, 6),
            (self._top_up_ohmygpt, 2),
            (self._going_back.refund, 2),
            (self._going_back.dispute, 1),
            (self._going_back.decide, 4),
        )
        choices, weights = zip(*actions, strict=True)
        try:
            self._do_each_once()
            while not self._stopping.is_set():
                self._random.choices(choices, weights)[0]()
                time.sleep(_PAUSE_S)
        except BaseException as error:  # noqa: BLE001 - told by whoever joins
            self.problem = error

    def stop(self) -> None:
        """End after the present thing."""
        self._stopping.set()

    def _do_each_once(self) -> None:
        """Begin with money, and with everything that a short storm may not come to by chance."""
        if (made := self._order("stripe", "USD", 20_00)) and made["url"]:
            _press(made, "pay")
            self._going_back.paid.append(made["id"])
        self._top_up_ohmygpt()
        self._order("stripe", "USD", 5_00)
        self._charge_wallet()
        for how in ("leave", "capture part", "void"):
            self._hold(how)
        self._refund()
        self._going_back.refund(1_00)
        self._going_back.dispute(1_00)
        self._going_back.decide()

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

    def _hold_for_a_minute(self) -> None:
        """Hold a little and forget it: it expires while hubs are killed, if the storm lasts."""
        wish = {"amount": self._random.randint(1, 20), "asset": "USD", "description": "left", "expires_in": _SHORT_S}
        self._post("holds", wish, self._key("hold"))

    def _hold(self, how: str | None = None) -> None:
        life_s = self._random.choice((_SHORT_S, _LONG_S))
        wish = {"amount": self._random.randint(1, 2_00), "asset": "USD", "description": "a hold", "expires_in": life_s}
        made = self._post("holds", wish, self._key("hold"))
        if made:
            self._end(made, how or self._random.choice(("capture", "capture part", "void", "leave")))

    def _come_late(self) -> None:
        """Capture or void a hold that was left; it may have expired, or be about to."""
        if self._left:
            self._end(self._left.pop(0), self._random.choice(("capture", "void")))

    def _end(self, hold: dict[str, Any], how: str) -> None:
        match how:
            case "capture":
                self._capture(hold, {})
            case "capture part":
                self._capture(hold, {"amount": self._random.randint(1, hold["amount"])})
            case "void":
                self._post(f"holds/{hold['id']}/void", {}, self._key("void"))
            case "leave":
                self._left.append(hold)

    def _capture(self, hold: dict[str, Any], part: dict[str, int]) -> None:
        made = self._post(f"holds/{hold['id']}/capture", part, self._key("capture"))
        if made:
            self._charges.append(made["id"])

    def _top_up_stripe(self) -> None:
        self._top_up("stripe", "USD", self._random.randint(5_00, 20_00))

    def _top_up_ohmygpt(self) -> None:
        self._top_up("ohmygpt", "CNY", 1_00)

    def _top_up(self, provider: str, asset: str, amount: int) -> None:
        made = self._order(provider, asset, amount)
        if not made or not made["url"] or self._random.random() < 0.1:
            return  # a user who changed their mind
        if provider == "ohmygpt":
            _press(made, "pay")
            self._wait_for(made["id"])
            return
        # By card at once; or by a bank, which may send the money later, or not.
        for button in self._random.choices((("pay",), ("later", "arrive"), ("later", "bounce")), (8, 2, 1))[0]:
            _press(made, button)
        self._going_back.paid.append(made["id"])

    def _order(self, provider: str, asset: str, amount: int) -> dict[str, Any] | None:
        kind = self._random.choice(("checkout", "invoice"))
        wish = {"provider": provider, "kind": kind, "asset": asset, "amount": amount}
        return self._post("top-ups", wish, self._key("top-up"))

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
        with self._promises.lock:
            self._promises.asked[key] = body | {"path": path}
        for _ in range(_TRIES):
            answer = self._send("POST", path, body, key)
            if answer is not None and not _may_be_sent_again(answer):
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


def _may_be_sent_again(answer: requests.Response) -> bool:
    """Tell whether the outcome is open: nobody knows it, or the first request of the key is under way."""
    in_flight = answer.status_code == 409 and answer.json()["code"] == "idempotency_in_flight"
    return in_flight or answer.status_code in _AGAIN


def _press(order: dict[str, Any], button: str) -> None:
    requests.post(f"{order['url']}/{button}", timeout=10, allow_redirects=False).raise_for_status()


def stop_all(drivers: Sequence[Driver]) -> None:
    """Let all drivers end, and pass on what went wrong in one."""
    for driver in drivers:
        driver.stop()
    for driver in drivers:
        driver.join()
        if driver.problem is not None:
            raise driver.problem
