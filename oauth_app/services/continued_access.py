"""Whether calls that began with an access token may go on."""

from collections.abc import Collection
from itertools import islice

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from oauth_app.models import Consent, Partner, TokenRow
from oauth_app.provider.owner import is_in_force
from oauth_app.provider.tokens import ACCESS
from oauth_app.services.scopes import Scope

#: Databases take only so many values in one question.
_ASKED_AT_ONCE = 500

_NOT_WITHDRAWN = (
    select(TokenRow.token_digest, Consent.scopes)
    .join(Consent, Consent.id == TokenRow.consent_id)
    .join(Partner, Partner.id == TokenRow.partner_id)
    .where(
        TokenRow.token_digest.in_(bindparam("digests", expanding=True)),
        TokenRow.kind == ACCESS,
        TokenRow.revoked_at.is_(None),
        is_in_force(),
        Partner.disabled_at.is_(None),
    )
)


def still_allowed(session: Session, token_digests: Collection[str], scope: Scope) -> set[str]:
    """Return those of the tokens that nobody has withdrawn; one that has merely run out counts as allowed.

    Withdrawn is a token that was revoked, whose consent was taken back, has run out or lost the scope, or whose
    partner was switched off.
    """
    allowed: set[str] = set()
    rest = iter(token_digests)
    while some := list(islice(rest, _ASKED_AT_ONCE)):
        rows = session.execute(_NOT_WITHDRAWN, {"digests": some})
        allowed.update(token_digest for token_digest, scopes in rows if scope in scopes)
    return allowed
