"""A device's sign-in on a phone (RFC 8628 3.3): type the code, see who asks, decide, go back to the device.

It always asks, whatever was agreed to before: a link with a code can come from anybody.
"""

from urllib.parse import urlencode

from flask import Blueprint, abort, g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from oauth_app.db import transaction
from oauth_app.hub import current_hub
from oauth_app.provider.clients import DEVICE_CODE_GRANT
from oauth_app.provider.device_codes import read_user_code
from oauth_app.provider.owner import ResourceOwner
from oauth_app.services.authorization_failures import Failure, record_failure
from oauth_app.services.browser_sessions import Login
from oauth_app.services.consent import InvalidLimitsError, agree, find_consent
from oauth_app.services.device_sign_in import (
    AlreadyDecidedError,
    CodeProblem,
    WaitingDevice,
    approve_device,
    deny_device,
    find_waiting_device,
)
from oauth_app.services.partner_modes import may_sign_in
from oauth_app.web.consent_page import ConsentAsk, read_agreement, show_consent, show_test_site
from oauth_app.web.guards import signed_in
from oauth_app.web.login_state import current_login, sign_in_url

bp = Blueprint("device", __name__, url_prefix="/oauth/device")
bp.before_request(signed_in)

_PATH = "/oauth/device"
#: What the page says about a code, and with which status.
_PROBLEMS = {
    CodeProblem.MALFORMED: (422, _l("A code has eight letters, such as BCDF-GHJK. Please look at your device again.")),
    CodeProblem.UNKNOWN: (422, _l("There is no such code. Please compare it with your device, letter for letter.")),
    CodeProblem.EXPIRED: (410, _l("This code is too old. Start again on your device, and type the new code.")),
    CodeProblem.DECIDED: (410, _l("This code was used before. Start again on your device, and type the new code.")),
    CodeProblem.TOO_MANY: (429, _l("There were too many wrong codes. Please wait ten minutes, then try again.")),
}


@bp.get("")
def code_form() -> ResponseReturnValue:
    """Ask for the code. One in the address is only filled in: the person compares it, and goes on."""
    return render_template("device_code.html", code=read_user_code(request.args.get("user_code", "")) or "")


@bp.post("")
def ask() -> ResponseReturnValue:
    """Show who asks, and for what."""
    login = _login()
    with transaction(current_hub().engine) as session:
        device = find_waiting_device(session, login.user_id, request.form.get("user_code", ""))
        if isinstance(device, CodeProblem):
            return _code_problem(device)
        return _ask(session, device, login)


@bp.post("/decision")
def decide() -> ResponseReturnValue:
    """Take the person's decision about the device in the query."""
    login, hub = _login(), current_hub()
    if request.form.get("user") != login.user_id:
        return redirect(_address())  # what one saw must not be answered by another
    with transaction(hub.engine) as session:
        device = find_waiting_device(session, login.user_id, request.args.get("user_code", ""))
        if isinstance(device, CodeProblem):
            return _code_problem(device)
        answer = _follow(session, device, login)
    hub.callers.forget_user(login.user_id)  # the site may have other limits now
    return answer


@bp.errorhandler(AlreadyDecidedError)
def already_decided(_error: AlreadyDecidedError) -> ResponseReturnValue:
    """Another tab was quicker; what was agreed to here is undone."""
    return _code_problem(CodeProblem.DECIDED)


def _login() -> Login:
    return current_login() or abort(401)


def _ask(session: Session, device: WaitingDevice, login: Login, *, wrong: bool = False) -> ResponseReturnValue:
    other_account = sign_in_url(_address(user_code=device.user_code), again=True)
    if not may_sign_in(device.partner, login):
        return show_test_site(device.partner, login, other_account=other_account)
    return show_consent(
        _consent_ask(session, device, login),
        login,
        action=_address("/decision", user_code=device.user_code),
        other_account=other_account,
        wrong=wrong,
    )


def _consent_ask(session: Session, device: WaitingDevice, login: Login) -> ConsentAsk:
    return ConsentAsk(
        partner=device.partner,
        scopes=device.scopes,
        consent=find_consent(session, login.user_id, device.partner.id),
        user_code=device.user_code,
    )


def _follow(session: Session, device: WaitingDevice, login: Login) -> ResponseReturnValue:
    if request.form.get("decision") != "agree" or not may_sign_in(device.partner, login):
        return _deny(session, device)
    try:
        consent = agree(session, read_agreement(_consent_ask(session, device, login), login))
    except InvalidLimitsError:
        return _ask(session, device, login, wrong=True)
    approve_device(session, device, ResourceOwner(consent=consent, signed_in_at=login.signed_in_at))
    return render_template("device_done.html", partner=device.partner, approved=True)


def _deny(session: Session, device: WaitingDevice) -> ResponseReturnValue:
    deny_device(session, device)
    failure = Failure(
        code="access_denied",
        partner_id=device.partner.id,
        request_id=str(g.request_id),
        details={"grant_type": DEVICE_CODE_GRANT},
    )
    record_failure(session, failure)
    return render_template("device_done.html", partner=device.partner, approved=False)


def _code_problem(problem: CodeProblem) -> ResponseReturnValue:
    status, words = _PROBLEMS[problem]
    typed = request.form.get("user_code", "")[:20]
    return render_template("device_code.html", code=typed, problem=words), status


def _address(below: str = "", **query: str) -> str:
    return f"{_PATH}{below}?{urlencode(query)}" if query else _PATH + below
