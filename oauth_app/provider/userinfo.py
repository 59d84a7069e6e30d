"""What the userinfo endpoint tells (OpenID Connect Core 5.3), and which scope opens which claim."""

from collections.abc import Collection

from sqlalchemy.orm import object_session

from oauth_app.models import Consent, User

#: Scope -> the claims it opens (OIDC Core 5.4), as far as OhMyGPT knows them.
#:
#: ``email_verified`` is not among them: OhMyGPT does not say whether it has checked the address. True would be
#: a promise that we cannot keep, and false a claim to know better; leaving it out says what we know.
CLAIMS_OF_SCOPE: dict[str, tuple[str, ...]] = {
    "openid": ("sub",),
    "profile": ("name", "preferred_username"),
    "email": ("email",),
}


def claims(subject: str, email: str, scopes: Collection[str]) -> dict[str, str]:
    """Return what a partner with these scopes may know.

    OhMyGPT gives no name; the part of the e-mail address before the ``@`` stands in for it.
    """
    local_part = email.partition("@")[0]
    known = {"sub": subject, "name": local_part, "preferred_username": local_part, "email": email}
    open_to = {claim for scope in scopes for claim in CLAIMS_OF_SCOPE.get(scope, ())}
    return {claim: value for claim, value in known.items() if claim in open_to}


def claims_of(consent: Consent, scopes: Collection[str]) -> dict[str, str]:
    """Return the same for a consent that was read in an open transaction, within what it allows."""
    session = object_session(consent)
    if session is None:
        return {}
    user = session.get_one(User, consent.user_id)
    return claims(consent.subject, user.email, frozenset(scopes) & frozenset(consent.scopes))
