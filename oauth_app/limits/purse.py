"""What one process may spend without asking: allotments in memory, refilled from the counters, reported to them.

Used from one event loop. The usual reservation finds what it needs in memory and waits for nothing.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from oauth_app.db import transaction
from oauth_app.limits import counters
from oauth_app.limits.counters import Cap, Key, OverLimitError, Report, Taken

_REPORT_EVERY_S = 0.2
_RENEW_EVERY_S = 2.0
#: After so long without a call what is left of an allotment goes back.
_IDLE_S = 1.0
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Pot:
    """An allotment: some of it is reserved by running calls, some was spent and is not reported yet."""

    most: int
    left: int = 0
    allotted: int = 0
    reserved: int = 0
    unreported: int = 0
    used_s: float = 0.0
    #: A call runs that was given what was left, and may cost more.
    is_short: bool = False

    @property
    def free(self) -> int:
        return self.allotted - self.reserved - self.unreported


class Reservation:
    """What is set aside for one call."""

    __slots__ = ("_is_settled", "_pots", "_purse", "amount")

    def __init__(self, purse: "Purse", pots: Sequence[_Pot], amount: int) -> None:
        self._purse = purse
        self._pots = pots
        self.amount = amount
        self._is_settled = False

    @property
    def remaining(self) -> int | None:
        """Return what the tightest cap leaves beside what is set aside; None without a cap."""
        return min((max(pot.left + pot.free, 0) for pot in self._pots), default=None)

    def settle(self, cost: int) -> None:
        """Count what was really spent, more than was set aside if it must be. Only the first call counts."""
        if self._is_settled:
            return
        self._is_settled = True
        for pot in self._pots:
            self._release(pot)
            pot.unreported += cost
        self._purse.wake()

    def _release(self, pot: _Pot) -> None:
        pot.reserved -= self.amount


class ShortReservation(Reservation):
    """What is set aside for a call that may cost more than is left: of each cap as much as there was."""

    __slots__ = ("_ceiling", "_parts")

    def __init__(self, purse: "Purse", pots: Sequence[_Pot], ceiling: int) -> None:
        self._parts = {id(pot): min(pot.free, ceiling) for pot in pots}
        super().__init__(purse, pots, min(self._parts.values()))
        for pot in pots:
            pot.reserved += self._parts[id(pot)]
            pot.is_short = pot.is_short or self._parts[id(pot)] < ceiling
        self._ceiling = ceiling

    def _release(self, pot: _Pot) -> None:
        part = self._parts[id(pot)]
        pot.reserved -= part
        if part < self._ceiling:
            pot.is_short = False


class Purse:
    """The allotments of this process."""

    def __init__(self, engine: Engine, *, holder: str) -> None:
        self._engine = engine
        self._holder = holder
        self._pots: dict[Key, _Pot] = {}
        self._refilling = asyncio.Lock()
        self._reporting = asyncio.Lock()
        self._is_filled = asyncio.Event()
        self._reporter: asyncio.Task[None] | None = None
        self._refills: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    async def start(self) -> None:
        """Begin to report."""
        self._reporter = asyncio.create_task(self._report_always(), name="spend-reporter")

    async def stop(self) -> None:
        """Report everything, and give everything back."""
        self._is_stopping = True
        self.wake()
        if self._reporter is not None:
            await self._reporter  # never cancelled: a report on its way would be told twice
        if self._refills:
            await asyncio.wait(self._refills)
        await self._report(is_last=True)

    def wake(self) -> None:
        """Say that there is something to report."""
        self._is_filled.set()

    async def reserve(self, caps: Sequence[Cap], amount: int) -> Reservation:
        """Set an amount aside within all the caps, or within none.

        Raises:
            OverLimitError: one of them leaves less.
            SQLAlchemyError: the counters cannot be asked.
        """
        while (pots := self._find_pots(caps, amount)) is None:
            # Shielded: when the caller leaves now, what was taken must still be known here, to go back.
            await asyncio.shield(self._begin_refill(caps, amount))
        now_s = asyncio.get_running_loop().time()
        for pot in pots:
            pot.reserved += amount
            pot.used_s = now_s
        return Reservation(self, pots, amount)

    async def reserve_rest(self, caps: Sequence[Cap], ceiling: int, least: int) -> ShortReservation:
        """Set aside what is left within each cap, up to a ceiling; to be asked for when that itself is too much.

        One such call at a time may run within a cap that it could pass: what all of them pass a cap by is then what
        one of them costs beyond what was left.

        Raises:
            OverLimitError: one of the caps leaves less than the least, or such a call runs already.
            SQLAlchemyError: the counters cannot be asked.
        """
        try:
            await asyncio.shield(self._begin_refill(caps, least, ceiling))
        except OverLimitError:
            async with self._reporting:
                pass  # what was on its way back is there now
            await asyncio.shield(self._begin_refill(caps, least, ceiling))
        pots = self._find_pots(caps, least)
        for cap in caps:
            pot = self._pots.get(cap.key)
            if pots is None or pot is None or (pot.is_short and pot.free < ceiling):
                raise OverLimitError(cap, 0 if pot is None else max(pot.free, 0))
        return ShortReservation(self, pots or [], ceiling)

    def _find_pots(self, caps: Sequence[Cap], amount: int) -> list[_Pot] | None:
        pots = []
        for cap in caps:
            pot = self._pots.get(cap.key)
            if pot is None or pot.most != cap.most or pot.free < amount:
                return None
            pots.append(pot)
        return pots

    def _begin_refill(self, caps: Sequence[Cap], amount: int, most: int | None = None) -> asyncio.Task[None]:
        task = asyncio.create_task(self._refill_in_turn(caps, amount, most))
        self._refills.add(task)
        task.add_done_callback(self._note_refill)
        return task

    def _note_refill(self, task: asyncio.Task[None]) -> None:
        self._refills.discard(task)
        if not task.cancelled():
            task.exception()  # told to whoever waits; nobody may

    async def _refill_in_turn(self, caps: Sequence[Cap], amount: int, most: int | None) -> None:
        async with self._refilling:
            if most is not None or self._find_pots(caps, amount) is None:
                await self._refill(caps, amount, most)

    async def _refill(self, caps: Sequence[Cap], amount: int, most: int | None) -> None:
        for cap in caps:
            if (pot := self._pots.get(cap.key)) is not None and pot.most != cap.most:
                # A cap that was changed: what is held under the old one goes back, and the new one is asked.
                await self._report(giving_back=cap.key)
                self._pots.setdefault(cap.key, _Pot(cap.most)).most = cap.most
        enough = amount if most is None else most
        wants = [
            (cap, max(amount - free, 0))
            for cap in caps
            if (free := self._free(cap)) < enough or cap.key not in self._pots
        ]
        if not wants:
            return
        taken = await asyncio.to_thread(self._take, wants, most)
        for cap, _ in wants:
            pot = self._pots.setdefault(cap.key, _Pot(cap.most))
            pot.allotted += taken[cap.key].amount
            pot.left = taken[cap.key].left
            pot.used_s = asyncio.get_running_loop().time()

    def _free(self, cap: Cap) -> int:
        pot = self._pots.get(cap.key)
        return 0 if pot is None else pot.free

    def _take(self, wants: Sequence[tuple[Cap, int]], most: int | None) -> dict[Key, Taken]:
        with transaction(self._engine) as session:
            return counters.take(session, self._holder, wants, most=most)

    async def _report_always(self) -> None:
        loop = asyncio.get_running_loop()
        renewed_s = loop.time()
        while not self._is_stopping:
            with suppress(TimeoutError):
                async with asyncio.timeout(_IDLE_S):
                    await self._is_filled.wait()
            self._is_filled.clear()
            await asyncio.sleep(_REPORT_EVERY_S)
            try:
                await self._report()
                if self._pots and loop.time() - renewed_s > _RENEW_EVERY_S:
                    renewed_s = loop.time()
                    await asyncio.to_thread(self._renew)
            except SQLAlchemyError:
                self._is_filled.set()
                _log.warning("what AI calls spent cannot be counted at present; it waits")

    async def _report(self, *, is_last: bool = False, giving_back: Key | None = None) -> None:
        async with self._reporting:  # what is on its way must not be told twice
            await self._report_alone(is_last=is_last, giving_back=giving_back)

    async def _report_alone(self, *, is_last: bool, giving_back: Key | None) -> None:
        now_s = asyncio.get_running_loop().time()
        reports = []
        for key, pot in self._pots.items():
            is_idle = is_last or key == giving_back or (pot.reserved == 0 and now_s - pot.used_s > _IDLE_S)
            back = max(pot.free, 0) if is_idle else 0
            if pot.unreported or back:
                reports.append(Report(key, pot.unreported, min(pot.allotted, pot.unreported + back)))
                pot.allotted -= back  # at once, so that nobody reserves what is on its way back
        if not reports:
            self._forget_empty()
            return
        try:
            lost = await asyncio.to_thread(self._write, reports)
        except SQLAlchemyError:
            for one in reports:
                self._pots[one.key].allotted += max(one.released - one.spent, 0)
            raise
        self._note(reports, lost)

    def _note(self, reports: Sequence[Report], lost: Sequence[Key]) -> None:
        for one in reports:
            pot = self._pots[one.key]
            pot.allotted = 0 if one.key in lost else pot.allotted - min(one.spent, one.released)
            pot.unreported -= one.spent
        self._forget_empty()

    def _forget_empty(self) -> None:
        empty = [key for key, pot in self._pots.items() if not (pot.allotted or pot.reserved or pot.unreported)]
        for key in empty:
            del self._pots[key]

    def _write(self, reports: Sequence[Report]) -> list[Key]:
        with transaction(self._engine) as session:
            return counters.report(session, self._holder, reports)

    def _renew(self) -> None:
        with transaction(self._engine) as session:
            counters.renew(session, self._holder)
            counters.settle_the_dead(session)
