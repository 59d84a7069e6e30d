"""Moving the clock and switching the HTTP status, ``/_sandbox/…``; they exist only with SANDBOX_FAULTS=1."""

from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from oauth_app.sandbox import clock, controls
from oauth_app.sandbox.config import HttpStatus
from oauth_app.sandbox.context import sandbox_of
from oauth_app.sandbox.errors import refuse


async def show_clock(_request: Request) -> Response:
    """Tell the time of the sandbox, and how far it is ahead."""
    return _clock()


async def move_clock(request: Request) -> Response:
    """Move the clock forwards."""
    seconds = (await controls.read_json(request)).get("advance_s")
    if type(seconds) is not int:
        refuse("advance_s must be a whole number")
    try:
        clock.advance(seconds)
    except ValueError:
        refuse(f"advance_s must be positive, and all moves together at most {clock.MOST_AHEAD_S}")
    return _clock()


async def show_http_status(request: Request) -> Response:
    """Tell how the HTTP status follows ``statusCode`` at the moment."""
    return JSONResponse({"mode": sandbox_of(request).switches.http_status})


async def set_http_status(request: Request) -> Response:
    """Change how the HTTP status follows ``statusCode``."""
    mode = (await controls.read_json(request)).get("mode")
    if not isinstance(mode, str) or mode not in set(HttpStatus):
        refuse(f"mode must be one of {', '.join(HttpStatus)}")
    sandbox_of(request).switches.http_status = HttpStatus(mode)
    return await show_http_status(request)


def _clock() -> Response:
    return JSONResponse({"now": clock.iso(clock.now_s()), "now_s": clock.now_s(), "ahead_s": clock.ahead_s()})


ROUTES: Final = (
    Route("/_sandbox/clock", show_clock, methods=["GET"]),
    Route("/_sandbox/clock", move_clock, methods=["POST"]),
    Route("/_sandbox/http-status", show_http_status, methods=["GET"]),
    Route("/_sandbox/http-status", set_http_status, methods=["PUT"]),
)
