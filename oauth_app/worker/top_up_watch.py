"""Look at open top-ups less and less often: a payment comes soon after the order, or late."""

from contextlib import suppress
from datetime import datetime, timedelta

from oauth_app import clock
from oauth_app.db import reading
from oauth_app.hub import Hub
from oauth_app.services.connections import ConnectionLostError
from oauth_app.services.top_up_watching import find_watched_users, watch_user
from oauth_app.upstream import UpstreamError, UpstreamUnavailableError

_SOONEST, _LATEST = timedelta(seconds=2), timedelta(minutes=2)
#: After a minute every 2 s, after an hour every 2 minutes; invoices, which live on, every 10 after a day.
_SHARE_OF_AGE = 30
_DAY, _LATEST_AFTER_A_DAY = timedelta(days=1), timedelta(minutes=10)


class TopUpWatch:
    """The job; it remembers when whose balance is due."""

    def __init__(self) -> None:
        self._due: dict[str, datetime] = {}

    def __call__(self, hub: Hub) -> int:
        """Look at the balances that are due; return how many orders were found paid."""
        now = clock.now()
        with reading(hub.engine) as session:
            opened_at = find_watched_users(session)
        self._due = {user_id: self._due.get(user_id, now) for user_id in opened_at}
        found = 0
        with suppress(UpstreamUnavailableError):  # what does not answer for one user will not for the next
            for user_id in [user_id for user_id, due in self._due.items() if due <= now]:
                self._due[user_id] = now + _pause(now - opened_at[user_id])
                found += _look(hub, user_id)
        return found


def _look(hub: Hub, user_id: str) -> int:
    try:
        return watch_user(hub, user_id)
    except UpstreamUnavailableError:
        raise
    except (UpstreamError, ConnectionLostError):
        return 0  # this user's affair: the others are looked at all the same


def _pause(age: timedelta) -> timedelta:
    return min(max(age // _SHARE_OF_AGE, _SOONEST), _LATEST if age < _DAY else _LATEST_AFTER_A_DAY)
