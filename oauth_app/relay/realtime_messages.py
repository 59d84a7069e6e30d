"""What is done to each message of a talk before it goes on."""

import asyncio
from typing import TYPE_CHECKING

from oauth_app.relay.callers import Caller
from oauth_app.relay.errors import EmptyBalanceError, LostConnectionError, ModelNotAllowedError, UnknownTokenError
from oauth_app.relay.problems import problem_of
from oauth_app.relay.realtime_events import Content, error_event, read_said, read_told
from oauth_app.relay.realtime_meter import TalkMeter
from oauth_app.relay.realtime_talk import Talk
from oauth_app.relay.redaction import Redactor
from oauth_app.relay.wishes import Wish

if TYPE_CHECKING:
    from oauth_app.relay.application import RelayOptions, RelayParts

#: A caller who only sends sound is looked up so often; whoever asks for an answer, each time.
_LOOK_UP_EVERY_S = 5.0


class Messages:
    """Judges the messages of one talk."""

    def __init__(self, options: "RelayOptions", parts: "RelayParts", talk: Talk, meter: TalkMeter) -> None:
        self._options = options
        self._callers = parts.callers
        self._prices = parts.tariff.book
        self._talk = talk
        self._meter = meter
        self._redactor = Redactor(self._caller.upstream_token)

    async def to_upstream(self, message: Content) -> Content:
        """Let a message of the caller's pass, with the money for what may follow.

        Raises:
            UnknownTokenError: the token was revoked, or is over.
            ModelNotAllowedError: the talk is to change its model, or has one that the user did not allow.
            RelayError: what else a call is refused for.
        """
        said = read_said(message)
        for model in said.models:
            self._take_model(model)
        if said.may_begin:
            await self._look_up(is_due=said.asks)
        await self._meter.before(said, self._caller, self._talk.wish)
        return message

    async def to_caller(self, message: Content) -> Content:
        """Count a message of OhMyGPT's, and let it pass without the user's token.

        Raises:
            LostConnectionError: OhMyGPT does not know the user's token any more.
            RelayError: there is no money for an answer that began.
        """
        told = read_told(message)
        words = self._options.error_words
        if told.error in words.grant_lost:
            await self._callers.mark_lost(self._caller)
            raise LostConnectionError
        await self._meter.after(told, self._caller, self._talk.wish)
        if told.error in words.insufficient_funds:
            return error_event(
                problem_of(EmptyBalanceError()),
                self._talk.dialect,
                issuer=self._options.issuer,
                request_id=self._talk.request_id,
            )
        if isinstance(message, bytes):
            return self._redactor.clean_whole(message)
        token = self._caller.upstream_token
        return message.replace(token, "*" * len(token)) if token in message else message

    @property
    def _caller(self) -> Caller:
        if self._talk.caller is None:
            raise LostConnectionError
        return self._talk.caller

    async def _look_up(self, *, is_due: bool) -> None:
        """See what the user allows by now."""
        talk, now_s = self._talk, asyncio.get_running_loop().time()
        if not is_due and now_s - talk.checked_s < _LOOK_UP_EVERY_S:
            return
        if talk.credential is None:
            raise UnknownTokenError
        caller = await self._callers.find(talk.credential)
        caller.check_endpoint(talk.group, is_reading=False)
        caller.check_model(talk.wish.model, talk.group, is_understood=talk.wish.is_understood)
        talk.caller, talk.checked_s = caller, now_s

    def _take_model(self, model: str | None) -> None:
        """Hold a model that an event names against the talk's own: a talk has one, by which it is paid."""
        talk = self._talk
        if model is not None and talk.wish.model is None:
            self._caller.check_model(model, talk.group, is_understood=True)
            talk.wish = Wish(model=model, is_open=True)
        elif model is None or not self._costs_the_same(model):
            raise ModelNotAllowedError

    def _costs_the_same(self, model: str) -> bool:
        """Tell whether it is another name of the talk's model, such as one with a date."""
        wish = self._talk.wish
        price = self._prices.price_of(self._talk.path, Wish(model=model, is_open=True))
        return model == wish.model or (price is not None and price is self._prices.price_of(self._talk.path, wish))
