"""Calls a minute and at once, counted in the database for all processes of a hub without Redis.

A row for each subject holds its tally. What callers of this process ask in the same moment is answered in one
transaction, so that a busy process writes some hundred times a second and not for each call.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from time import monotonic

import msgspec
from sqlalchemy import Engine, bindparam, delete, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.db import insert_into, transaction
from oauth_app.limits.pace import (
    PLACE_LIFE_S,
    Most,
    PaceAwayError,
    Place,
    Standing,
    Tally,
    TooManyError,
    enter_all,
)
from oauth_app.models import PaceTally

_RENEWAL_S = PLACE_LIFE_S / 3
_log = logging.getLogger(__name__)
_LOCKED = (
    select(PaceTally.subject, PaceTally.tally)
    .where(PaceTally.subject.in_(bindparam("subjects", expanding=True)))
    .order_by(PaceTally.subject)
    .with_for_update()
)
_DECODER = msgspec.json.Decoder(Tally)


@dataclass(slots=True, eq=False)
class _Wish:
    """A call that wants to come in."""

    name: str
    limits: Sequence[Most]
    answer: asyncio.Future[Standing | None]


class DatabasePace:
    """Counts in the database.

    Args:
        engine: of the hub's database.
        holder: tells this process from all others.
    """

    def __init__(self, engine: Engine, holder: str) -> None:
        self._engine = engine
        self._holder = holder
        self._numbers = count()
        self._wishes: list[_Wish] = []
        self._left: list[Place] = []
        self._running: dict[str, Place] = {}
        self._has_work = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin, in the event loop that will ask."""
        self._task = asyncio.create_task(self._work_always(), name="pace")

    async def stop(self) -> None:
        """End, and give back every place."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._left.extend(self._running.values())
        await self._work()

    async def enter(self, limits: Sequence[Most]) -> Place:
        """Count a call against all limits.

        Raises:
            TooManyError: it is one too many for one of them; it counts against none.
            PaceAwayError: the database cannot be asked.
        """
        wish = _Wish(f"{self._holder}:{next(self._numbers)}", limits, asyncio.get_running_loop().create_future())
        self._wishes.append(wish)
        self._has_work.set()
        place = Place(wish.name, limits, await wish.answer)
        if any(most.at_once is not None for most in limits):
            self._running[place.name] = place
        return place

    def leave(self, place: Place) -> None:
        """Note that the call has ended; the database hears of it in a moment."""
        if self._running.pop(place.name, None) is not None:
            self._left.append(place)
            self._has_work.set()

    async def _work_always(self) -> None:
        renewed_s = monotonic()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_RENEWAL_S):
                    await self._has_work.wait()
            self._has_work.clear()
            await self._work()
            if monotonic() - renewed_s > _RENEWAL_S:
                renewed_s = monotonic()
                with suppress(SQLAlchemyError):  # the next renewal may come in time
                    await asyncio.to_thread(_renew, self._engine, list(self._running.values()))

    async def _work(self) -> None:
        """Answer everybody who waits, in one transaction."""
        wishes, self._wishes = [wish for wish in self._wishes if not wish.answer.done()], []
        left, self._left = self._left, []
        if not wishes and not left:
            return
        answers: list[_Answer]
        try:
            answers = await asyncio.to_thread(_write, self._engine, wishes, left)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            if not isinstance(error, SQLAlchemyError):
                _log.exception("calls cannot be counted")
            self._left += left
            answers = [PaceAwayError("the database cannot be asked")] * len(wishes)
        for wish, answer in zip(wishes, answers, strict=True):
            if wish.answer.done():  # the caller left in the meantime: its place is free again
                self._left.append(Place(wish.name, wish.limits, None))
            elif isinstance(answer, Exception):
                wish.answer.set_exception(answer)
            else:
                wish.answer.set_result(answer)


_Answer = Standing | TooManyError | PaceAwayError | None


def _write(engine: Engine, wishes: Sequence[_Wish], left: Sequence[Place]) -> list[_Answer]:
    now_s = clock.now().timestamp()
    limits = [*(wish.limits for wish in wishes), *(place.limits for place in left)]
    with transaction(engine) as session:
        tallies = _locked(session, {most.subject for each in limits for most in each})
        for place in left:
            for most in place.limits:
                tallies[most.subject].places.pop(place.name, None)
        answers = [_answer(tallies, wish, now_s) for wish in wishes]
        _keep(session, tallies)
    return answers


def _answer(tallies: dict[str, Tally], wish: _Wish, now_s: float) -> _Answer:
    try:
        return enter_all(tallies, wish.limits, wish.name, now_s=now_s, until_s=now_s + PLACE_LIFE_S)
    except TooManyError as refusal:
        return refusal


def _renew(engine: Engine, places: Sequence[Place]) -> None:
    """Say that the places are still taken."""
    until_s = clock.now().timestamp() + PLACE_LIFE_S
    with transaction(engine) as session:
        tallies = _locked(session, {most.subject for place in places for most in place.limits})
        for place in places:
            for most in place.limits:
                if place.name in tallies[most.subject].places:
                    tallies[most.subject].places[place.name] = until_s
        _keep(session, tallies)


def _locked(session: Session, subjects: Iterable[str]) -> dict[str, Tally]:
    """Return the tallies, locked in one order, so that no two processes wait for each other."""
    wanted = sorted(subjects)
    found = {subject: _DECODER.decode(tally) for subject, tally in session.execute(_LOCKED, {"subjects": wanted})}
    if missing := [subject for subject in wanted if subject not in found]:
        rows = [{"subject": subject, "tally": msgspec.json.encode(Tally()).decode()} for subject in missing]
        new = insert_into(session, PaceTally).values(kept_until=clock.now()).on_conflict_do_nothing()
        session.execute(new, rows)
        found = {subject: _DECODER.decode(tally) for subject, tally in session.execute(_LOCKED, {"subjects": wanted})}
    return found


def _keep(session: Session, tallies: dict[str, Tally]) -> None:
    kept_until = clock.now() + timedelta(seconds=2 * PLACE_LIFE_S)
    rows = [
        {"a_subject": subject, "a_tally": msgspec.json.encode(tally).decode(), "an_end": kept_until}
        for subject, tally in tallies.items()
    ]
    if rows:
        session.connection().execute(_KEEP, rows)


_KEEP = (
    update(PaceTally.__table__)  # type: ignore[arg-type]
    .where(PaceTally.subject == bindparam("a_subject"))
    .values(tally=bindparam("a_tally"), kept_until=bindparam("an_end"))
)


def forget_tallies(session: Session) -> None:
    """Delete the tallies of those who have not called for minutes."""
    session.execute(delete(PaceTally).where(PaceTally.kept_until < clock.now()))
