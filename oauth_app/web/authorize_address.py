"""Addresses of the authorization endpoint that carry on the present request."""

from urllib.parse import parse_qs, urlencode

from flask import request

AUTHORIZE_PATH = "/oauth/authorize"
CONSENT_PATH = "/oauth/consent"
CANCEL_PATH = "/oauth/cancel"


def address_of(path: str, **changes: str) -> str:
    """Return the path with the query of the present request."""
    return f"{path}?{urlencode(request.args.to_dict() | changes)}"


def give_up_path(return_to: str) -> str | None:
    """Return where to give up a sign-in that was to lead to ``return_to``; None if no partner waits for it."""
    path, _, query = return_to.partition("?")
    return f"{CANCEL_PATH}?{query}" if path == AUTHORIZE_PATH else None


def asked_languages(return_to: str | None) -> list[str]:
    """Return the ``ui_locales`` of the request to which ``return_to`` leads."""
    path, _, query = (return_to or "").partition("?")
    return parse_qs(query).get("ui_locales", [""])[0].split() if path == AUTHORIZE_PATH else []
