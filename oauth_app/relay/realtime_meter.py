"""What a talk may spend, and what it spent: money is set aside before each answer, and settled by what it used.

A session holds a ceiling for each answer that runs, and for each that may begin: the caller's next event passes only
when the money for what may follow is there. So any number of sessions side by side cannot pass a limit.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from oauth_app import clock
from oauth_app.relay.admission import Deposit, Passage
from oauth_app.relay.call import Outcome
from oauth_app.relay.callers import Caller
from oauth_app.relay.errors import LimitsAwayError, SpendLimitError
from oauth_app.relay.prices import PriceBook
from oauth_app.relay.quantities import Tokens
from oauth_app.relay.realtime_events import Part, Said, Told
from oauth_app.relay.said import tokens_of
from oauth_app.relay.wishes import Wish

#: Sound of 16 bits at 24 kHz is 64 000 bytes of Base64 a second, which are ten tokens heard or twenty spoken.
_HEARD_BYTES_PER_TOKEN, _SPOKEN_BYTES_PER_TOKEN = 6_400, 3_200


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """One answer that has ended."""

    model: str | None
    tokens: Tokens
    #: None: the book has no price.
    cost: int | None
    outcome: Outcome
    started_at: datetime
    started_s: float
    first_said_s: float | None


@dataclass(kw_only=True, slots=True)
class _Answer:
    #: None: it began without, and ends the session.
    deposit: Deposit | None = None
    started_at: datetime = field(default_factory=clock.now)
    started_s: float = field(default_factory=time.monotonic)
    first_said_s: float | None = None
    text_bytes: int = 0
    sound_bytes: int = 0


class TalkMeter:
    """Counts the answers of one session."""

    def __init__(self, prices: PriceBook, passage: Passage, *, path: str, note: Callable[[Spent], None]) -> None:
        self._prices = prices
        self._passage = passage
        self._path = path
        self._note = note
        #: Set aside for answers that have not begun.
        self._ready: list[Deposit] = []
        #: How many of them were asked for by name.
        self._asked = 0
        self._answers: dict[str, _Answer] = {}
        #: What the model has read so far, as it told itself, and what was sent since.
        self._context = 0
        self._new_text_bytes = 0
        self._new_sound_bytes = 0

    @property
    def running(self) -> list[str]:
        """Return the ids of the answers that have begun and not ended."""
        return list(self._answers)

    async def open(self, caller: Caller, wish: Wish) -> None:
        """Set the first ceiling aside: without it there is no talk.

        Raises:
            SpendLimitError: there is not so much left.
            LimitsAwayError: nobody can say at the moment.
        """
        self._ready.append(await self._set_aside(caller, wish))

    async def before(self, said: Said, caller: Caller, wish: Wish) -> None:
        """Set money aside for what may follow from an event, before it is passed on.

        Raises:
            SpendLimitError: there is not so much left.
            LimitsAwayError: nobody can say at the moment.
        """
        self._new_text_bytes += said.text_bytes
        self._new_sound_bytes += said.sound_bytes
        if said.may_begin:
            wanted = self._asked + 1
            while len(self._ready) < wanted:
                self._ready.append(await self._set_aside(caller, wish))
            self._asked += said.asks

    async def after(self, told: Told, caller: Caller, wish: Wish) -> None:
        """Count an event of OhMyGPT's.

        Raises:
            SpendLimitError: an answer began that nobody asked for, and there is no money for it.
            LimitsAwayError: nobody can say at the moment.
        """
        match told.part:
            case Part.BEGIN:
                await self._begin(told.response_id, caller, wish)
            case Part.TEXT | Part.SOUND:
                self._see(told)
            case Part.END:
                if (answer := self._answers.pop(told.response_id, None)) is not None:
                    await self._settle(answer, caller, wish, told.tokens)
            case Part.ERROR:
                # Perhaps about an answer that was asked for; its money waits for the next one.
                self._asked = max(self._asked - 1, 0)

    async def end(self, outcome: Outcome, caller: Caller, wish: Wish) -> None:
        """Settle what has not ended by what has passed of it, and give back the rest."""
        while self._ready:
            self._ready.pop().settle(0)
        while self._answers:
            _, answer = self._answers.popitem()
            await self._settle(answer, caller, wish, Tokens(), outcome)

    async def _begin(self, response_id: str, caller: Caller, wish: Wish) -> None:
        if response_id in self._answers:
            return
        self._asked = max(self._asked - 1, 0)
        # Without anything ready it begins all the same, so it is counted, whether there is money for it or not.
        self._answers[response_id] = answer = _Answer(deposit=self._ready.pop() if self._ready else None)
        if answer.deposit is None:
            answer.deposit = await self._set_aside(caller, wish)

    async def _set_aside(self, caller: Caller, wish: Wish) -> Deposit:
        return await self._passage.set_aside(caller, self._prices.ceiling(self._path, wish, 0))

    def _see(self, told: Told) -> None:
        if (answer := self._answers.get(told.response_id)) is None:
            return
        if answer.first_said_s is None:
            answer.first_said_s = time.monotonic()
        if told.part is Part.SOUND:
            answer.sound_bytes += told.bytes
        else:
            answer.text_bytes += told.bytes

    async def _settle(
        self, answer: _Answer, caller: Caller, wish: Wish, tokens: Tokens, outcome: Outcome = Outcome.COMPLETE
    ) -> None:
        if tokens.is_known:
            self._context = (tokens.input or 0) + (tokens.output or 0)
            self._new_text_bytes = self._new_sound_bytes = 0
        else:
            tokens = self._presume(answer, wish)
        price = self._prices.price_of(self._path, wish)
        counted = self._prices.counted(self._path, wish, tokens)
        with suppress(SpendLimitError, LimitsAwayError):
            (answer.deposit or await self._passage.set_aside(caller, 0)).settle(counted)
        self._note(
            Spent(
                model=wish.model,
                tokens=tokens,
                cost=None if price is None else counted,
                outcome=outcome,
                started_at=answer.started_at,
                started_s=answer.started_s,
                first_said_s=answer.first_said_s,
            )
        )

    def _presume(self, answer: _Answer, wish: Wish) -> Tokens:
        heard = self._new_sound_bytes // _HEARD_BYTES_PER_TOKEN
        spoken = answer.sound_bytes // _SPOKEN_BYTES_PER_TOKEN
        read = self._context + tokens_of(self._new_text_bytes) + heard
        # As many bytes as make so many tokens: the book knows what the model takes at most.
        most = self._prices.presume(self._path, wish, read * 4, tokens_of(answer.text_bytes) + spoken)
        return msgspec.structs.replace(
            most, heard=min(heard, most.input or 0), spoken=min(spoken, most.output or 0), seconds=None
        )
