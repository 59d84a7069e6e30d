"""Which addresses a partner may register: those that cannot send a code to somebody else."""

import re
from urllib.parse import urlsplit

from oauth_app.services.partner_errors import InvalidRegistrationError

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")  # RFC 8252 7.1: a reversed domain name


def check_redirect_uri(uri: str) -> None:
    """Refuse an address that could send a code to somebody else (RFC 6749 3.1.2, RFC 8252 7, RFC 9700 2.1).

    Raises:
        InvalidRegistrationError: with what to write instead.
    """
    why = find_objection(uri)
    if why is not None:
        msg = f"redirect_uri {uri}: {why}"
        raise InvalidRegistrationError(msg)


def find_objection(uri: str) -> str | None:
    """Return why the address cannot be registered, in a few words; None if it can."""
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
    except ValueError:
        return "not an address"
    return next((why for wrong, why in _objections(uri, parts.scheme, parts.netloc, host) if wrong), None)


def _objections(uri: str, scheme: str, netloc: str, host: str) -> tuple[tuple[bool, str], ...]:
    is_web = scheme in {"http", "https"}
    is_private = _PRIVATE_SCHEME.fullmatch(scheme) is not None
    return (
        (not uri.isascii() or any(char <= " " or char in '"<>\\^`{|}' for char in uri), "only plain ASCII, no spaces"),
        ("#" in uri, "no fragment"),
        ("*" in uri, "no wildcard; register each address"),
        ("@" in netloc, "no user name"),
        ("/../" in uri or uri.endswith("/.."), "no .."),
        (is_web and not netloc, "the host is missing"),
        (scheme == "http" and host not in _LOOPBACK, "https, but for 127.0.0.1, [::1] and localhost"),
        (not is_web and not is_private, "https, or a private scheme such as com.example.app:/callback"),
        (len(uri) > 2048, "at most 2048 characters"),
    )
