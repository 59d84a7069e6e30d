"""The control interface for tests, ``/_sandbox/…``; it exists only with SANDBOX_FAULTS=1."""

from dataclasses import asdict
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from oauth_app.sandbox import accounts, fault_reading, money, oauth_api, request_body
from oauth_app.sandbox.accounts import Account
from oauth_app.sandbox.context import sandbox_of, store_of
from oauth_app.sandbox.errors import PlatformError, refuse
from oauth_app.sandbox.store import Store

_STATEMENT: Final = (
    "SELECT COUNT(*) AS number, COALESCE(-SUM(cents), 0) AS cents FROM movement WHERE account_id = ? AND kind = ?"
)


async def add_fault(request: Request) -> Response:
    """Ask for a fault."""
    faults = sandbox_of(request).faults
    if faults.is_full:
        refuse("Too many faults are waiting; DELETE /_sandbox/faults forgets them.")
    try:
        fault = fault_reading.read(await read_json(request))
    except fault_reading.FaultError as error:
        refuse(str(error))
    faults.add(fault)
    return JSONResponse(asdict(fault), 201)


async def list_faults(request: Request) -> Response:
    """List the faults that are still to strike."""
    return JSONResponse([asdict(fault) for fault in sandbox_of(request).faults.waiting()])


async def clear_faults(request: Request) -> Response:
    """Forget all faults."""
    sandbox_of(request).faults.clear()
    return Response(status_code=204)


async def show_account(request: Request) -> Response:
    """Tell the balance of an account and what happened to it."""
    return JSONResponse(_described(store_of(request), _get(request, request.path_params["email"])))


async def put_account(request: Request) -> Response:
    """Set the balance of an account, which is made when there is none."""
    body = await read_json(request)
    store = store_of(request)
    email = request.path_params["email"].lower()
    with store.transaction():
        store.run("INSERT OR IGNORE INTO account (email, paid_cents) VALUES (?, 0)", email)
        account = _get(request, email)
        store.run(
            "UPDATE account SET paid_cents = ?, free_cents = ? WHERE id = ?",
            _amount(body, "balance", account.paid_cents),
            _amount(body, "free_balance", account.free_cents),
            account.id,
        )
    return JSONResponse(_described(store, accounts.get_by_id(store, account.id)))


async def make_token(request: Request) -> Response:
    """Issue an OAuth token without the browser, for tests that are about something else."""
    account = _get(request, (await read_json(request)).get("email"))
    return JSONResponse({"token": oauth_api.issue(store_of(request), account.id), "user_id": str(account.id)}, 201)


async def revoke_tokens(request: Request) -> Response:
    """Void all OAuth tokens of an account."""
    account = _get(request, (await read_json(request)).get("email"))
    return JSONResponse({"revoked": store_of(request).run("DELETE FROM oauth_token WHERE account_id = ?", account.id)})


async def reset(request: Request) -> Response:
    """Go back to the seeded accounts, the true time and the configured mode, and forget all faults."""
    sandbox_of(request).reset()
    return Response(status_code=204)


async def read_json(request: Request) -> dict[str, Any]:
    """Return the object of a JSON body; another content type or value is refused."""
    # Only real JSON: a foreign page can post text, but not this content type unasked.
    if request_body.media_type(request) != "application/json":
        raise PlatformError(415, "invalid_request_error", "The body must be application/json.")
    try:
        value = request_body.parse_json(await request_body.read(request))
    except request_body.BodyError as error:
        refuse(str(error))
    if not isinstance(value, dict):
        refuse("The body must be a JSON object.")
    return value


def _amount(body: dict[str, Any], name: str, default: int) -> int:
    text = body.get(name)
    if text is None:
        return default
    try:
        return money.parse(str(text))
    except money.AmountError:
        refuse(f"{name} must be a decimal string")


def _get(request: Request, email: object) -> Account:
    account = accounts.find_by_email(store_of(request), email) if isinstance(email, str) else None
    if account is None:
        raise PlatformError(404, "not_found_error", "No account has this e-mail.")
    return account


def _described(store: Store, account: Account) -> dict[str, Any]:
    charges, calls, top_ups = (store.row(_STATEMENT, account.id, kind) for kind in ("charge", "call", "top_up"))
    tokens = store.row("SELECT COUNT(*) AS number FROM oauth_token WHERE account_id = ?", account.id)
    return {
        "user_id": str(account.id),
        "email": account.email,
        **oauth_api.balance_of(account),
        "charges": charges["number"],
        "charged": money.wire(charges["cents"]),
        "calls": calls["number"],
        "spent_on_calls": money.wire(calls["cents"]),
        "top_ups": top_ups["number"],
        "topped_up": money.wire(-top_ups["cents"]),
        "oauth_tokens": tokens["number"],
    }


ROUTES: Final = (
    Route("/_sandbox/faults", add_fault, methods=["POST"]),
    Route("/_sandbox/faults", list_faults, methods=["GET"]),
    Route("/_sandbox/faults", clear_faults, methods=["DELETE"]),
    Route("/_sandbox/accounts/{email}", show_account, methods=["GET"]),
    Route("/_sandbox/accounts/{email}", put_account, methods=["PUT"]),
    Route("/_sandbox/tokens", make_token, methods=["POST"]),
    Route("/_sandbox/tokens/revoke", revoke_tokens, methods=["POST"]),
    Route("/_sandbox/reset", reset, methods=["POST"]),
)
