"""``GET /v1/realtime`` as a WebSocket: OpenAI's talks of text and sound."""

from typing import Final

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from oauth_app.sandbox.credentials import vendor_account
from oauth_app.sandbox.errors import VendorError
from oauth_app.sandbox.llm_models import find_model
from oauth_app.sandbox.pricing import Kind
from oauth_app.sandbox.realtime_talk import Talk
from oauth_app.sandbox.vendor_errors import vendor_failure

_PROTOCOL: Final = "realtime"


async def realtime(websocket: WebSocket) -> None:
    """Talk with whoever may; all others get an HTTP answer and no WebSocket."""
    try:
        vendor_account(websocket)
        model = find_model(websocket.query_params.get("model", ""), Kind.REALTIME)
    except VendorError as error:
        await websocket.send_denial_response(vendor_failure(websocket.url.path, error))
        return
    await websocket.accept(_PROTOCOL if _PROTOCOL in websocket.scope["subprotocols"] else None)
    await Talk(websocket, model).run()


ROUTES: Final = (WebSocketRoute("/v1/realtime", realtime),)
