"""What an authorization request must be, and where its answer goes.

Nothing is redirected to before client, domain, scope and template were checked;
until then every problem is told to the person on a page.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from oauth_app.sandbox.config import Config
from oauth_app.sandbox.errors import PageError
from oauth_app.sandbox.fields import is_web_address

#: The only scope ever seen; a request must name exactly the scope of its application.
SCOPE: Final = "general_api_access"

CODE_PAGE: Final = "/next/v1/oauth/succeed"


@dataclass(frozen=True, kw_only=True)
class AuthorizationRequest:
    """A checked request: it may be shown to the person, and its answer may be sent."""

    redirect_uri: str
    state: str | None
    template: str | None

    @property
    def host(self) -> str:
        """Where the person goes next, as shown on the page."""
        return urlsplit(self.redirect_uri).netloc

    def granted(self, code: str) -> str:
        """Return the address that hands over a code."""
        if self.template is None:
            return _with_query(self.redirect_uri, {"code": code, "state": self.state})
        return self.redirect_uri + _substitute(self.template, code, self.state or "")

    def denied(self) -> str:
        """Return the address that says no; a template is for codes only."""
        return _with_query(self.redirect_uri, {"error": "access_denied", "state": self.state})


def check(query: Mapping[str, str], config: Config, *, origin: str) -> AuthorizationRequest:
    """Return the request that a query describes.

    Args:
        query: the parameters of the authorization page.
        config: knows the one registered application.
        origin: the sandbox's own origin, whose code page every application may use.

    Raises:
        PageError: 400, with a heading for each kind of mistake.
    """
    _check_client(query, config)
    redirect_uri = query.get("redirect_uri", "")
    _check_redirect(redirect_uri, config, origin)
    template = _decode_template(query.get("redirect_template", ""))
    wish = AuthorizationRequest(redirect_uri=redirect_uri, state=query.get("state"), template=template)
    # The suffix could complete the host name: "http://127.0.0.1" + ".example.com/?code=…".
    _check_redirect(wish.granted("0" * 16), config, origin)
    return wish


def _check_client(query: Mapping[str, str], config: Config) -> None:
    if not hmac.compare_digest(query.get("client_id", "").encode(), config.client_id.encode()):
        raise PageError(400, "Unknown application", "No application has this client_id.")
    if query.get("response_type") != "code":
        raise PageError(400, "Unsupported response type", "response_type must be “code”.")
    if query.get("scope") != SCOPE:
        raise PageError(400, "Wrong scope", f"scope must be exactly “{SCOPE}”, as registered for this application.")


def _check_redirect(address: str, config: Config, origin: str) -> None:
    if not is_web_address(address):
        raise PageError(400, "Bad redirect address", "redirect_uri must be an absolute http(s) address.")
    domain = urlsplit(address).hostname
    own_code_page = address.partition("?")[0] == origin + CODE_PAGE
    if domain != config.redirect_domain.lower() and not own_code_page:
        text = f"This application may only return to {config.redirect_domain}, and the request names {domain}."
        raise PageError(400, "Wrong redirect domain", text)


def _decode_template(encoded: str) -> str | None:
    if not encoded:
        return None
    try:
        # A "+" that was not escaped arrives as a space; both alphabets and lost padding are fine.
        plain = encoded.replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
        template = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode()
    except (binascii.Error, UnicodeError) as error:
        raise PageError(400, "Bad redirect template", "redirect_template must be base64 of UTF-8 text.") from error
    if "{code}" not in template or not template.isprintable() or " " in template:
        text = "redirect_template must decode to one line without spaces that contains {code}."
        raise PageError(400, "Bad redirect template", text)
    return template


def _substitute(template: str, code: str, state: str) -> str:
    # In one pass from the left, so that a state that reads "{code}" stays what it is.
    head, *tails = template.split("{code}")
    quoted_state = quote(state, safe="")
    parts = [part.replace("{state}", quoted_state) for part in (head, *tails)]
    return quote(code, safe="").join(parts)


def _with_query(address: str, parameters: Mapping[str, str | None]) -> str:
    base, _, _ = address.partition("#")
    query = urlencode({name: value for name, value in parameters.items() if value is not None}, quote_via=quote)
    return base + ("&" if "?" in base else "?") + query
