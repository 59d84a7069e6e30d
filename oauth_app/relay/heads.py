"""What the headers of a request say. Programs send the same ones again and again, so it is found once a connection."""

from functools import cached_property

from oauth_app.relay.asgi_types import RawHeaders
from oauth_app.relay.credentials import Credential, find_credential
from oauth_app.relay.headers import first_of_each, request_lines

#: It alone differs from call to call, so it is kept apart.
LENGTH = b"content-length"


class Head:
    """The headers of a request, with lower-case names, without the length of the body.

    It must not be changed: the next call over the same connection has it as well.
    """

    def __init__(self, headers: RawHeaders) -> None:
        self.headers = headers
        self._named = first_of_each(headers)
        self.has_twins = len(self._named) != len(headers)
        self.content_type = self.get(b"content-type")
        self.content_encoding = self.get(b"content-encoding")

    def get(self, name: bytes) -> bytes:
        """Return the first header of this lower-case name, or nothing."""
        return self._named.get(name, b"")

    def has(self, name: bytes) -> bool:
        """Tell whether there is such a header."""
        return name in self._named

    def count(self, name: bytes) -> int:
        """Return how many there are."""
        return sum(each == name for each, _ in self.headers) if self.has_twins else int(name in self._named)

    @cached_property
    def credential(self) -> Credential:
        """What the caller shows of itself.

        Raises:
            UnknownTokenError: nothing.
        """
        return find_credential(self.headers)

    @cached_property
    def lines(self) -> bytes:
        """What OhMyGPT gets to see of it."""
        return request_lines(self.headers)


def split_length(headers: RawHeaders) -> tuple[RawHeaders, bytes]:
    """Return the headers without the length of the body, and that."""
    length = next((value for name, value in headers if name == LENGTH), b"")
    return [header for header in headers if header[0] != LENGTH], length
