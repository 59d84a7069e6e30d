"""Settings to copy: for each framework what has to stand in its configuration, with this site's own values."""

from collections.abc import Callable
from dataclasses import dataclass

from oauth_app.models import Partner
from oauth_app.web.developers.kinds import Kind, kind_of

#: Stands where the secret goes: the hub knows its digest only, so nobody can be shown it again.
_SECRET = "<your client secret>"  # noqa: S105 - a placeholder
_METADATA = "/.well-known/openid-configuration"


@dataclass(frozen=True, kw_only=True)
class Snippet:
    """One framework's settings."""

    key: str
    title: str
    text: str


@dataclass(frozen=True, kw_only=True)
class _Values:
    issuer: str
    client_id: str
    redirect_uri: str
    scope: str
    algorithm: str


def snippets_for(partner: Partner, issuer: str) -> list[Snippet]:
    """Return the settings that fit the kind of the site."""
    values = _Values(
        issuer=issuer,
        client_id=partner.id,
        redirect_uri=next(iter(partner.redirect_uris), "https://your-site.example/callback"),
        scope=" ".join(partner.scopes),
        algorithm=partner.id_token_algorithm,
    )
    return [Snippet(key=key, title=title, text=write(values)) for key, title, write in _OF_KIND[kind_of(partner)]]


def _plain(values: _Values) -> str:
    return f"""\
OIDC_ISSUER={values.issuer}
OIDC_CLIENT_ID={values.client_id}
OIDC_CLIENT_SECRET={_SECRET}
OIDC_REDIRECT_URI={values.redirect_uri}
OIDC_SCOPE="{values.scope}\""""


def _flask(values: _Values) -> str:
    return f"""\
oauth = OAuth(app)  # from authlib.integrations.flask_client
oauth.register(
    "ohmygpt",
    client_id="{values.client_id}",
    client_secret="{_SECRET}",
    server_metadata_url="{values.issuer}{_METADATA}",
    client_kwargs={{"scope": "{values.scope}", "code_challenge_method": "S256"}},
)
# redirect address: {values.redirect_uri}"""


def _auth_js(values: _Values) -> str:
    return f"""\
providers: [{{
  id: "ohmygpt",
  name: "OhMyGPT",
  type: "oidc",
  issuer: "{values.issuer}",
  clientId: "{values.client_id}",
  clientSecret: process.env.OHMYGPT_CLIENT_SECRET,
  authorization: {{ params: {{ scope: "{values.scope}" }} }},
  checks: ["pkce", "state", "nonce"],
}}]
// redirect address: https://your-site.example/api/auth/callback/ohmygpt"""


def _django(values: _Values) -> str:
    return f"""\
OIDC_RP_CLIENT_ID = "{values.client_id}"
OIDC_RP_CLIENT_SECRET = "{_SECRET}"
OIDC_RP_SCOPES = "{values.scope}"
OIDC_RP_SIGN_ALGO = "{values.algorithm}"
OIDC_USE_PKCE = True
OIDC_OP_AUTHORIZATION_ENDPOINT = "{values.issuer}/oauth/authorize"
OIDC_OP_TOKEN_ENDPOINT = "{values.issuer}/oauth/token"
OIDC_OP_USER_ENDPOINT = "{values.issuer}/oauth/userinfo"
OIDC_OP_JWKS_ENDPOINT = "{values.issuer}/.well-known/jwks.json"
# redirect address: https://your-site.example/oidc/callback/"""


def _page(values: _Values) -> str:
    return f"""\
import {{ UserManager }} from "oidc-client-ts";
const users = new UserManager({{
  authority: "{values.issuer}",
  client_id: "{values.client_id}",
  redirect_uri: "{values.redirect_uri}",
  scope: "{values.scope}",
}});
await users.signinRedirect();"""


def _device(values: _Values) -> str:
    return f"""\
# Ask for a code, and show the user the address and the code that come back.
curl {values.issuer}/oauth/device_authorization \\
  -d client_id={values.client_id} -d scope="{values.scope}"
# Then ask for the tokens, until the user has agreed.
curl {values.issuer}/oauth/token \\
  -d grant_type=urn:ietf:params:oauth:grant-type:device_code \\
  -d client_id={values.client_id} -d device_code=<device_code>"""


def _public(values: _Values) -> str:
    return _plain(values).replace(f"OIDC_CLIENT_SECRET={_SECRET}\n", "")


_OF_KIND: dict[Kind, tuple[tuple[str, str, Callable[[_Values], str]], ...]] = {
    Kind.SERVER: (
        ("flask", "Flask (Authlib)", _flask),
        ("authjs", "Next.js (Auth.js)", _auth_js),
        ("django", "Django (mozilla-django-oidc)", _django),
        ("env", ".env", _plain),
    ),
    Kind.PAGE: (("page", "JavaScript (oidc-client-ts)", _page), ("env", ".env", _public)),
    Kind.NATIVE: (("device", "Device (curl)", _device), ("env", ".env", _public)),
}
