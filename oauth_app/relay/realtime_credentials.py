"""What the handshake of a WebSocket shows of its caller, and which of its subprotocols go on."""

from collections.abc import Sequence

from oauth_app.relay.asgi_types import RawHeaders
from oauth_app.relay.credentials import Credential, find_credential
from oauth_app.relay.errors import UnknownTokenError

#: Browsers can send no headers with a handshake, so OpenAI takes the key as one of the subprotocols.
_KEY_PROTOCOL = "openai-insecure-api-key."
#: Wherever it stands, a token of the hub is not for OhMyGPT.
_HUB_TOKEN = "omc_"  # noqa: S105 - how tokens begin, not one of them


def find_socket_credential(headers: RawHeaders, subprotocols: Sequence[str]) -> Credential:
    """Return the access token of a handshake: as with any call, or else the one in OpenAI's subprotocol.

    Raises:
        UnknownTokenError: there is none, or the subprotocols name two.
    """
    keys = {name.removeprefix(_KEY_PROTOCOL) for name in subprotocols if name.startswith(_KEY_PROTOCOL)}
    try:
        return find_credential(headers)
    except UnknownTokenError:
        if len(keys) != 1:
            raise
    return find_credential([(b"authorization", b"Bearer " + keys.pop().encode("latin-1", "replace"))])


def passing_subprotocols(subprotocols: Sequence[str]) -> list[str]:
    """Return the subprotocols that OhMyGPT may choose from: all that hold no key."""
    return [name for name in subprotocols if not name.startswith(_KEY_PROTOCOL) and _HUB_TOKEN not in name]
