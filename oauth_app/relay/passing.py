"""An answer in pieces, read along and cleaned on its way."""

from oauth_app.relay.answer import Answer, Sink
from oauth_app.relay.call import Call
from oauth_app.relay.client import Client
from oauth_app.relay.redaction import Redactor
from oauth_app.relay.usage_filter import UsageFilter


class Passing:
    """One such answer."""

    def __init__(self, call: Call, answer: Answer, redactor: Redactor) -> None:
        self._call = call
        self._answer = answer
        self._redactor = redactor
        self._is_events = answer.is_events
        self._usage = UsageFilter() if call.filters_usage and self._is_events else None

    async def to(self, client: Client, beginning: bytes) -> bytes:
        """Pass all pieces on but the last, which is returned.

        A piece goes from one socket to the other without waking this coroutine, as long as the caller takes them.

        Raises:
            RelayError: the answer broke off.
        """
        answer, sink, chunk = self._answer, client.sink(), beginning
        while chunk or (chunk := await answer.read()):
            clean = self._clean(chunk)
            if answer.is_at_end:
                return clean + self._rest()
            await client.write(clean)
            if sink is not None:
                await answer.flow_to(self._through(sink))
                await client.drain()
            chunk = b""
        return self._rest()

    def _through(self, sink: Sink) -> Sink:
        def take(chunk: bytes) -> bool:
            return sink(self._clean(chunk))

        return take

    def _clean(self, chunk: bytes) -> bytes:
        if self._call.first_byte_s is None:
            self._call.see(chunk)
        else:
            self._call.meter.feed(chunk)
        clean = self._redactor.clean(chunk)
        if self._usage is not None:
            clean = self._usage.clean(clean)
        self._call.is_between_events = self._is_events and clean.endswith(b"\n\n")
        return clean

    def _rest(self) -> bytes:
        self._call.is_between_events = False
        rest = self._redactor.rest()
        return rest if self._usage is None else self._usage.clean(rest) + self._usage.rest()
