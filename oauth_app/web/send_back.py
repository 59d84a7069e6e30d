"""Sending the browser back to a partner with an answer: by a redirect, or by a form that submits itself."""

from urllib.parse import urlsplit

from flask import g, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from oauth_app.provider.authorization_answers import AuthorizationAnswer, ResponseMode


def send_back(answer: AuthorizationAnswer) -> ResponseReturnValue:
    """Return the answer in HTTP; nobody may keep a copy of it."""
    page = _form(answer) if answer.mode is ResponseMode.FORM_POST else _redirect(answer)
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response


def _redirect(answer: AuthorizationAnswer) -> ResponseReturnValue:
    # RFC 9700 4.12: 303 after a form, never 307, which would post the form to the partner, too.
    return redirect(answer.location, 303 if request.method == "POST" else 302)


def _form(answer: AuthorizationAnswer) -> ResponseReturnValue:
    """OAuth 2.0 Form Post Response Mode 2: the values are posted, and stand in no address."""
    # Browsers hold form-action against the redirect that answers the form, too, and where that leads is the partner's.
    g.csp_form_action = None
    host = urlsplit(answer.redirect_uri).hostname or answer.redirect_uri
    return render_template("form_post.html", answer=answer, host=host)
