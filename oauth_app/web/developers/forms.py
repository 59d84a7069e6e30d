"""What is written into the console's forms, read into a registration."""

from dataclasses import replace
from typing import Any

from flask import request
from flask_babel import lazy_gettext as _l

from oauth_app.models import Partner
from oauth_app.services.partner_errors import InvalidRegistrationError
from oauth_app.services.partners import registration_of
from oauth_app.services.redirect_uris import find_objection
from oauth_app.services.registration import Registration
from oauth_app.services.scopes import ALL_SCOPES
from oauth_app.web.developers.kinds import RULES, Kind, grants_for, kind_of

_CLIENT_CREDENTIALS = "client_credentials"
#: The scopes that are ticked on an empty form: to know who comes, and no more.
FIRST_SCOPES = ("openid", "profile", "email")
_MAX_LINES = 50

_ADDRESS = _l("An address that begins with https://")
#: Field, as the registration names it -> what to write there.
_WORDS_OF_FIELD = {
    "name": _l("The name needs 1 to 120 characters."),
    "redirect_uri": _l("One of the addresses cannot be registered."),
    "grant_type": _l("This kind of site cannot do that."),
    "scope": _l("Choose at least one right."),
    "homepage": _ADDRESS,
    "policy_uri": _ADDRESS,
    "terms_uri": _ADDRESS,
    "backchannel_logout_uri": _ADDRESS,
}
#: Why an address cannot be registered, as ``services.redirect_uris`` says it -> in the reader's language.
_WORDS_OF_OBJECTION = {
    "not an address": _l("This is not an address."),
    "only plain ASCII, no spaces": _l("Only plain ASCII, without spaces."),
    "no fragment": _l("No # and what follows it: a fragment is never sent to a server."),
    "no wildcard; register each address": _l("No * – register each address on a line of its own."),
    "no user name": _l("No user name before the host."),
    "no ..": _l("No .. in the path."),
    "the host is missing": _l("The host is missing."),
    "https, but for 127.0.0.1, [::1] and localhost": _l(
        "It must begin with https:// – http:// is for 127.0.0.1, [::1] and localhost only."
    ),
    "https, or a private scheme such as com.example.app:/callback": _l(
        "It must begin with https:// or a private scheme such as com.example.app:/callback"
    ),
    "at most 2048 characters": _l("At most 2048 characters."),
}


class FormError(InvalidRegistrationError):
    """What was written cannot be taken; the text is for the reader."""


def read_new_site() -> Registration:
    """Return the site that the form describes.

    Raises:
        FormError: something cannot be taken.
    """
    kind = request.form.get("kind", "")
    if kind not in set(Kind):
        raise FormError(str(_l("Choose what kind of site it is.")))
    uris = lines("redirect_uris")
    fields = {
        "name": request.form.get("name", "").strip(),
        "redirect_uris": uris,
        "scopes": _scopes(),
        "is_public": RULES[Kind(kind)].is_public,
        "grant_types": grants_for(Kind(kind), has_address=bool(uris)),
        "homepage": _address("homepage"),
    }
    return _checked(fields, None)


def read_changes(partner: Partner) -> Registration:
    """Return the site as it is to be after the settings form.

    Raises:
        FormError: something cannot be taken.
    """
    kind, uris = kind_of(partner), lines("redirect_uris")
    fields = {
        "name": request.form.get("name", "").strip(),
        "redirect_uris": uris,
        "post_logout_redirect_uris": lines("post_logout_redirect_uris"),
        "scopes": _scopes(),
        "grant_types": (*grants_for(kind, has_address=bool(uris)), *_own_grants(partner)),
        "id_token_algorithm": request.form.get("id_token_algorithm", ""),
        "is_legacy": not partner.is_public and "is_legacy" in request.form,
        "requires_par": "requires_par" in request.form,
        "requires_dpop": "requires_dpop" in request.form,
    }
    names = ("homepage", "policy_uri", "terms_uri", "backchannel_logout_uri")
    return _checked(fields | {name: _address(name) for name in names}, partner)


def lines(name: str) -> list[str]:
    """Return what stands in a field, a line each, without empty and repeated ones."""
    written = [line.strip() for line in request.form.get(name, "").splitlines()]
    return list(dict.fromkeys(line for line in written if line))[:_MAX_LINES]


def objection(uri: str) -> str | None:
    """Return why an address cannot be registered, in the reader's language; None if it can."""
    why = find_objection(uri)
    return str(_WORDS_OF_OBJECTION.get(why, why)) if why else None


def _checked(fields: dict[str, Any], partner: Partner | None) -> Registration:
    for uri in (*fields["redirect_uris"], *fields.get("post_logout_redirect_uris", ())):
        if why := objection(uri):
            msg = f"{uri} – {why}"
            raise FormError(msg)
    if not fields["redirect_uris"] and "authorization_code" in fields["grant_types"]:
        raise FormError(str(_l("Give at least one redirect address.")))
    try:
        return replace(registration_of(partner), **fields) if partner else Registration(**fields)
    except InvalidRegistrationError as error:
        raise FormError(_words(error)) from None


def _words(error: InvalidRegistrationError) -> str:
    field = str(error).partition(":")[0].partition(" ")[0]
    words = str(_WORDS_OF_FIELD.get(field, error))
    return f"{field}: {words}" if field.endswith("_uri") or field == "homepage" else words


def _scopes() -> list[str]:
    scopes = [scope for scope in ALL_SCOPES if scope in request.form.getlist("scopes")]
    if not scopes:
        raise FormError(str(_WORDS_OF_FIELD["scope"]))
    return scopes


def _own_grants(partner: Partner) -> tuple[str, ...]:
    wanted = not partner.is_public and _CLIENT_CREDENTIALS in request.form
    return (_CLIENT_CREDENTIALS,) if wanted else ()


def _address(name: str) -> str | None:
    return request.form.get(name, "").strip() or None
