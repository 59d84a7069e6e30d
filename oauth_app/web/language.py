"""The reader's language: the browser's, unless they chose one here."""

from flask import Blueprint, Flask, redirect, request, session
from flask.typing import ResponseReturnValue
from flask_babel import Babel

from oauth_app.web.guards import public
from oauth_app.web.login_state import local_path

#: Code -> the language's own name for itself.
LANGUAGES = {"en": "English", "zh": "中文"}

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
    chosen = session.get("language")
    return chosen or request.accept_languages.best_match(LANGUAGES) or "en"


def register_languages(app: Flask) -> None:
    """Let templates speak the reader's language."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(app.root_path) + "/web/translations"
    Babel(app, locale_selector=reader_language)
    app.jinja_env.globals.update(languages=LANGUAGES, reader_language=reader_language)
