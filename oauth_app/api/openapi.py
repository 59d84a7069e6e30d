"""``/hub/v1/openapi.json``: the partner API, described for programs."""

from typing import Any

from flask import Blueprint, current_app, jsonify
from flask.typing import ResponseReturnValue

from oauth_app.api.guards import public
from oauth_app.api.openapi_document import build_document
from oauth_app.api.problems import answer_problems
from oauth_app.hub import current_hub

bp = Blueprint("openapi", __name__, url_prefix="/hub/v1")
bp.before_request(public)
answer_problems(bp)


@bp.get("/openapi.json")
def show() -> ResponseReturnValue:
    """Give the document."""
    response = jsonify(current_document())
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def current_document() -> dict[str, Any]:
    """Return the document of the running application, made when it is first asked for."""
    kept: dict[str, Any] | None = current_app.extensions.get("openapi")
    if kept is None:
        kept = build_document(current_app, current_hub().settings.hub_issuer)
        current_app.extensions["openapi"] = kept
    return kept
