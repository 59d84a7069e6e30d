"""A refresh token that comes again (RFC 9700 4.14.2): an answer that was lost, two at once, or a theft.

A client whose answer was lost on its way must be able to go on, and a thief must not. So a repeat counts only

* soon after the first use, but not at the same moment as another: of many uses at once, one gets an answer and
  the others ``invalid_grant``, which ends nothing;
* while nothing of what the first use gave has been used. The repeat takes its place: what was given before ends,
  so that there is never more than one chain of tokens that lives.

Everything else is two holders of one token, and neither keeps anything.
"""

from datetime import datetime, timedelta
from enum import Enum, auto

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.models import TokenRow
from oauth_app.provider.tokens import REFRESH

#: For so long after its first use, a token may come again because the answer was lost.
OVERLAP = timedelta(seconds=10)
#: Nobody misses an answer sooner than that: what comes before was sent beside another use.
AT_ONCE = timedelta(seconds=2)


class Use(Enum):
    """What to make of a refresh token that is presented."""

    FIRST = auto()
    LOST_ANSWER = auto()
    AT_ONCE = auto()
    THEFT = auto()


def judge_use(session: Session, token: TokenRow, received_at: datetime) -> Use:
    """Tell what the use of a refresh token is, by when its request came: it may have waited for the first one."""
    if token.revoked_at is not None:
        return Use.THEFT  # it ended with its family, or was replaced when its answer seemed lost
    if token.used_at is None:
        return Use.FIRST
    last_issued_at, last_used_at = session.execute(
        select(func.max(TokenRow.issued_at), func.max(TokenRow.used_at)).where(
            _came_of_first_use(token), TokenRow.kind == REFRESH
        )
    ).one()
    if received_at > token.used_at + OVERLAP or last_used_at is not None:
        return Use.THEFT
    return Use.AT_ONCE if received_at < (last_issued_at or token.used_at) + AT_ONCE else Use.LOST_ANSWER


def end_successors(session: Session, token: TokenRow) -> None:
    """End the tokens that the first use gave. The caller commits."""
    living = update(TokenRow).where(_came_of_first_use(token), TokenRow.revoked_at.is_(None))
    session.execute(living.values(revoked_at=clock.now()))


def _came_of_first_use(token: TokenRow) -> ColumnElement[bool]:
    """Return the condition for all that was issued since: a family is one chain."""
    return and_(
        TokenRow.family_id == token.family_id,
        TokenRow.issued_at >= token.used_at,
        TokenRow.token_digest != token.token_digest,
    )
