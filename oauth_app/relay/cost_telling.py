"""Tells what an answer in pieces has cost. That is known at its end, when its head has long been sent.

* A stream of events ends with a comment, ``: x-hub-cost 555``. Every parser has to pass over comments (HTML,
  server-sent events 9.2.6), so no SDK sees it; who reads the lines does.
* Any answer ends with the trailer ``x-hub-cost``, for a caller who sends ``TE: trailers`` (RFC 9110 6.5.1): nobody
  else can be expected to take one, and the length of the answer cannot be told beside it.
"""

from oauth_app.relay.answer import Answer
from oauth_app.relay.asgi_types import RawHeaders
from oauth_app.relay.call import Call
from oauth_app.relay.client import Client

COST = b"x-hub-cost"
_EVENT_ENDS = (b"\n\n", b"\r\n\r\n", b"\r\r")


def make_room(call: Call, client: Client, answer: Answer, headers: RawHeaders) -> RawHeaders:
    """Return the head of an answer in pieces, so that its cost can stand behind it."""
    is_trailing = client.takes_trailers and not answer.is_bodiless and _wants_trailers(call)
    if is_trailing or answer.is_events:
        headers = [header for header in headers if header[0] != b"content-length"]
    if is_trailing:
        headers.append((b"trailer", COST))
        client.trailer = COST
    return headers


def last_words(call: Call, client: Client, answer: Answer) -> bytes:
    """Return what follows the last piece of a whole answer, and put the trailer in its place."""
    if call.settled is None or call.settled.cost is None or call.caller is None:
        return b""
    cost = b"%d" % call.settled.cost
    if client.trailer:
        client.trailer = b"%b: %b\r\n" % (COST, cost)
    if answer.is_events and any(call.meter.ends_with(end) for end in _EVENT_ENDS):
        return b": %b %b\n\n" % (COST, cost)
    return b""


def _wants_trailers(call: Call) -> bool:
    codings = call.head.get(b"te").lower().split(b",")
    return any(coding.partition(b";")[0].strip() == b"trailers" for coding in codings)
