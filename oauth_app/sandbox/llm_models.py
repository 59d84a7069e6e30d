"""The list of models."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from oauth_app.sandbox.credentials import vendor_account
from oauth_app.sandbox.errors import VendorError
from oauth_app.sandbox.pricing import MODELS, Kind, Model

#: Any fixed moment would do; the real dates are the vendors' matter.
_CREATED_S: Final = 1_735_689_600


async def list_models(request: Request) -> Response:
    """List all models."""
    vendor_account(request)
    return JSONResponse({"object": "list", "data": [_described(model) for model in MODELS.values()]})


async def show_model(request: Request) -> Response:
    """Describe one model."""
    vendor_account(request)
    return JSONResponse(_described(find_model(request.path_params["model"])))


def find_model(name: str, kind: Kind | None = None) -> Model:
    """Return a model, of a kind when one is asked for.

    Raises:
        VendorError: 404 ``model_not_found``, no such model; 400, it does another kind of work.
    """
    model = MODELS.get(name)
    if model is None:
        text = f"The model '{name}' does not exist or you do not have access to it."
        raise VendorError(404, "invalid_request_error", text, param="model", code="model_not_found")
    if kind and model.kind is not kind:
        raise VendorError(400, "invalid_request_error", f"'{name}' is not a model for {kind}.", param="model")
    return model


def _described(model: Model) -> dict[str, Any]:
    return {"id": model.id, "object": "model", "created": _CREATED_S, "owned_by": model.vendor}


ROUTES: Final = (
    Route("/v1/models", list_models, methods=["GET"]),
    Route("/v1/models/{model:path}", show_model, methods=["GET"]),
)
