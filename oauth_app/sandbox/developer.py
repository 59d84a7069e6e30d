"""The switches of the developer page, as plain forms; they exist only with SANDBOX_FAULTS=1."""

from collections.abc import Callable
from typing import Final, NoReturn

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from oauth_app.sandbox import clock, fault_reading, sessions, sign_in
from oauth_app.sandbox.config import HttpStatus
from oauth_app.sandbox.context import Sandbox, sandbox_of
from oauth_app.sandbox.errors import PageError

PATH: Final = "/sandbox/developer"

Form = dict[str, str]

#: Fields of the fault form.
_FAULT: Final = ("match", "kind", "method", "times", "seconds", "code", "after_chunks")


async def press(request: Request) -> Response:
    """Do what a button of the page is for, and show the page again."""
    form = await sign_in.read_form(request)
    sessions.check_csrf(request, form)
    button = _BUTTONS.get(form.get("button", ""))
    if button is None:
        _refuse("There is no such button.")
    button(sandbox_of(request), form)
    return RedirectResponse("/#switches", 303)


def _add_fault(sandbox: Sandbox, form: Form) -> None:
    if sandbox.faults.is_full:
        _refuse("Too many faults are waiting.")
    try:
        sandbox.faults.add(fault_reading.from_texts({name: form.get(name, "") for name in _FAULT}))
    except fault_reading.FaultError as error:
        _refuse(str(error))


def _clear_faults(sandbox: Sandbox, _form: Form) -> None:
    sandbox.faults.clear()


def _move_clock(_sandbox: Sandbox, form: Form) -> None:
    text = form.get("advance_s", "")
    try:
        clock.advance(int(text) if text.isascii() and text.isdecimal() and len(text) <= 12 else -1)
    except ValueError:
        _refuse("The clock cannot be moved like that.")


def _set_http_status(sandbox: Sandbox, form: Form) -> None:
    mode = form.get("mode", "")
    if mode not in set(HttpStatus):
        _refuse("There is no such mode.")
    sandbox.switches.http_status = HttpStatus(mode)


def _revoke_tokens(sandbox: Sandbox, _form: Form) -> None:
    sandbox.store.run("DELETE FROM oauth_token")


def _clear_journal(sandbox: Sandbox, _form: Form) -> None:
    sandbox.journal.clear()


def _refuse(text: str) -> NoReturn:
    raise PageError(400, "That did not work", text)


_BUTTONS: Final[dict[str, Callable[[Sandbox, Form], None]]] = {
    "add-fault": _add_fault,
    "clear-faults": _clear_faults,
    "move-clock": _move_clock,
    "set-http-status": _set_http_status,
    "revoke-tokens": _revoke_tokens,
    "clear-journal": _clear_journal,
}

ROUTES: Final = (Route(PATH, press, methods=["POST"]),)
