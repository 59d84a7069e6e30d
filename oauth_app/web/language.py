"""The reader's language: the browser's, unless they chose one here."""

from collections.abc import Iterable

from flask import Blueprint, Flask, g, redirect, request, session
from flask.typing import ResponseReturnValue
from flask_babel import Babel, refresh

from oauth_app.services.languages import LANGUAGES
from oauth_app.web.guards import public
from oauth_app.web.login_state import local_path

bp = Blueprint("language", __name__)
bp.before_request(public)


@bp.post("/language")
def choose() -> ResponseReturnValue:
    """Keep the chosen language in the cookie and go back to the page."""
    if request.form.get("language") in LANGUAGES:
        session["language"] = request.form["language"]
        session.permanent = True
    return redirect(local_path(request.form.get("next"), default="/"))


def reader_language() -> str:
    """Return the language for the present request."""
    chosen = session.get("language") or g.get("preferred_language")
    return chosen or request.accept_languages.best_match(LANGUAGES) or "en"


def prefer_languages(tags: Iterable[str]) -> None:
    """Let the present request speak the first of these (BCP 47) that is known; a reader who chose here has chosen."""
    known = (tag.partition("-")[0].lower() for tag in tags)
    language = next((code for code in known if code in LANGUAGES), None)
    if language is not None:
        g.preferred_language = language
        refresh()


def register_languages(app: Flask) -> None:
    """Let templates speak the reader's language."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(app.root_path) + "/web/translations"
    Babel(app, locale_selector=reader_language)
    app.jinja_env.globals.update(languages=LANGUAGES, reader_language=reader_language)
