"""Who may see a page. Every blueprint names one of these, so that none is open by forgetting."""

from flask import abort, redirect, request
from flask.typing import ResponseReturnValue

from oauth_app.web.login_state import current_login, sign_in_url


def public() -> ResponseReturnValue | None:
    """Anybody may come in; written out, so that it is a decision."""
    return None


def signed_in() -> ResponseReturnValue | None:
    """Only a signed-in user; others are sent to sign in and come back."""
    if current_login() is not None:
        return None
    return_to = request.full_path.rstrip("?") if request.method == "GET" else "/account"
    return redirect(sign_in_url(return_to))


def operator() -> ResponseReturnValue | None:
    """Only an operator; a signed-in user who is none is refused."""
    login = current_login()
    if login is not None and not login.is_operator:
        abort(403)
    return signed_in()
