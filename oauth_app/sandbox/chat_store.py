"""Chat completions that were asked to be stored: listed, read, changed and deleted."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from oauth_app.sandbox import listing
from oauth_app.sandbox.chat_call import ChatCall
from oauth_app.sandbox.context import store_of
from oauth_app.sandbox.credentials import vendor_account
from oauth_app.sandbox.json_fields import read_json_fields, refuse
from oauth_app.sandbox.kept import Kept, Shelf


def keep(call: ChatCall, completion: dict[str, Any], shelf: Shelf) -> None:
    """Store a finished completion with what was asked, if its caller wants that."""
    if call.is_stored:
        stored = completion | {"metadata": call.metadata}
        asked = [message | {"id": f"{completion['id']}-{index}"} for index, message in enumerate(call.messages)]
        shelf.put(Kept.CHAT, completion["id"], {"completion": stored, "messages": asked})


async def list_chats(request: Request) -> Response:
    """List stored completions, those of one model or with some metadata when the query says so."""
    query = request.query_params
    wanted = {key[9:-1]: value for key, value in query.items() if key.startswith("metadata[") and key.endswith("]")}
    chats = [kept["completion"] for kept in _shelf(request).everything(Kept.CHAT)]
    found = [
        chat
        for chat in chats
        if query.get("model") in (None, chat["model"]) and wanted.items() <= chat["metadata"].items()
    ]
    return JSONResponse(listing.listed(request, found, "asc"))


async def retrieve(request: Request) -> Response:
    """Show a stored completion."""
    return JSONResponse(_find(request)["completion"])


async def update(request: Request) -> Response:
    """Replace the metadata of a stored completion."""
    kept = _find(request)
    fields = await read_json_fields(request)
    if fields.values.get("metadata") is None:
        refuse("metadata", "Missing required parameter: 'metadata'.")
    kept["completion"] |= {"metadata": listing.read_metadata(fields)}
    _shelf(request).put(Kept.CHAT, kept["completion"]["id"], kept)
    return JSONResponse(kept["completion"])


async def delete(request: Request) -> Response:
    """Forget a stored completion."""
    chat_id = _find(request)["completion"]["id"]
    _shelf(request).drop(Kept.CHAT, chat_id)
    return JSONResponse({"id": chat_id, "object": "chat.completion.deleted", "deleted": True})


async def list_messages(request: Request) -> Response:
    """List what a stored completion was asked."""
    return JSONResponse(listing.listed(request, _find(request)["messages"], "asc"))


def _shelf(request: Request) -> Shelf:
    return Shelf(store_of(request), vendor_account(request).id)


def _find(request: Request) -> dict[str, Any]:
    chat_id = request.path_params["chat"]
    found = _shelf(request).find(Kept.CHAT, chat_id)
    if found is None:
        listing.refuse_unknown("Chat completion", chat_id)
    return found


ROUTES: Final = (
    Route("/v1/chat/completions", list_chats, methods=["GET"]),
    Route("/v1/chat/completions/{chat}", retrieve, methods=["GET"]),
    Route("/v1/chat/completions/{chat}", update, methods=["POST"]),
    Route("/v1/chat/completions/{chat}", delete, methods=["DELETE"]),
    Route("/v1/chat/completions/{chat}/messages", list_messages, methods=["GET"]),
)
