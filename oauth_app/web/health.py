"""Is it alive, is it ready: for load balancers and for the operator."""

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from oauth_app.hub import current_hub
from oauth_app.services.schema import is_schema_current
from oauth_app.web.guards import public

bp = Blueprint("health", __name__)
bp.before_request(public)


@bp.get("/livez")
def live() -> ResponseReturnValue:
    """The process answers."""
    return {"status": "ok"}


@bp.get("/readyz")
def ready() -> ResponseReturnValue:
    """The database answers and has the tables this version needs; 503 says what is wrong.

    Redis that is away is told, and no reason to send nobody here any more: it is away for all processes alike, and only
    calls that it would count have to wait for it.
    """
    hub = current_hub()
    try:
        current = is_schema_current(hub.engine)
    except SQLAlchemyError:
        return {"status": "unready", "database": "does not answer"}, 503
    if not current:
        return {"status": "unready", "database": "run: python3 app.py db upgrade"}, 503
    if hub.grapevine is not None and not hub.grapevine.is_there():
        return {"status": "degraded", "redis": "does not answer"}
    return {"status": "ok"}
