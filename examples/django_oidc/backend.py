"""Whom a sign-in belongs to: people are known by `sub`, and not by their e-mail address."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import SuspiciousOperation
from django.db.models import QuerySet
from mozilla_django_oidc.auth import OIDCAuthenticationBackend

Claims = dict[str, Any]


class OhMyGPTBackend(OIDCAuthenticationBackend):
    """Keeps `sub` as the user name: it is theirs for ever, and an e-mail address is not."""

    def verify_token(self, token: str, **kwargs: object) -> Claims:
        """Check, beyond signature and nonce, that the token is from OhMyGPT and meant for this site."""
        claims = super().verify_token(token, **kwargs)
        if (claims.get("iss"), claims.get("aud")) != (settings.OIDC_ISSUER, settings.OIDC_RP_CLIENT_ID):
            message = "this id_token is meant for somebody else"
            raise SuspiciousOperation(message)
        return claims

    def filter_users_by_claims(self, claims: Claims) -> QuerySet[User]:
        """Find whoever was here before."""
        return self.UserModel.objects.filter(username=claims["sub"])

    def create_user(self, claims: Claims) -> User:
        """Make an account at the first visit."""
        return self.UserModel.objects.create_user(claims["sub"], email=claims["email"], first_name=claims["name"])

    def update_user(self, user: User, claims: Claims) -> User:
        """Take over what has changed since."""
        user.email, user.first_name = claims["email"], claims["name"]
        user.save()
        return user
