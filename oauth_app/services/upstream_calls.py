"""Ask OhMyGPT in the name of a user, and take note when it does not know the user's token any more."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.services.connections import ConnectionLostError, mark_lost, open_token
from oauth_app.settings import Settings
from oauth_app.upstream import UpstreamGrantLostError

_Answer = TypeVar("_Answer")

#: More than connecting takes at most, plus what a busy machine may add.
_MARGIN = timedelta(seconds=10)


def ask_for_user(hub: Hub, user_id: str, ask: Callable[[str], _Answer], *, reason: str) -> _Answer:
    """Return what OhMyGPT answers to ``ask(token)``. Owns its transactions; none is open meanwhile.

    Raises:
        ConnectionLostError: the user has no token, or OhMyGPT has just refused it.
        UpstreamError: any other failure.
    """
    with reading(hub.engine) as session:
        token = open_token(session, hub.vault, user_id, reason=reason)
    with noting_loss(hub, user_id, token):
        return ask(token)


@contextmanager
def noting_loss(hub: Hub, user_id: str, token: str) -> Iterator[None]:
    """Inside the block, a refused token is destroyed and becomes a lost connection.

    Raises:
        ConnectionLostError: OhMyGPT refused the token.
    """
    try:
        yield
    except UpstreamGrantLostError:
        with transaction(hub.engine) as session:
            mark_lost(session, hub.vault, user_id, refused=token)
        raise ConnectionLostError(user_id) from None


def lease(settings: Settings) -> timedelta:
    """Return after how long nobody can be at work any more on a story of two calls to OhMyGPT."""
    return 2 * timedelta(seconds=settings.ohmygpt_timeout_s) + _MARGIN
