"""``/v1/conversations``: items that outlive the responses they came from."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from oauth_app.sandbox import items, listing
from oauth_app.sandbox.clock import now_s
from oauth_app.sandbox.context import store_of
from oauth_app.sandbox.credentials import vendor_account
from oauth_app.sandbox.identifiers import alnum
from oauth_app.sandbox.json_fields import JsonFields, read_json_fields, refuse
from oauth_app.sandbox.kept import Kept, Shelf

#: OpenAI takes that many items in one request.
_MOST_ITEMS: Final = 20


async def create(request: Request) -> Response:
    """Begin a conversation, empty or with items."""
    shelf = _shelf(request)
    fields = await read_json_fields(request)
    metadata = listing.read_metadata(fields)
    begun = _read_items(fields) if fields.values.get("items") else []
    conversation = {
        "id": f"conv_{alnum(48)}",
        "object": "conversation",
        "created_at": now_s(),
        "metadata": metadata,
    }
    shelf.put(Kept.CONVERSATION, str(conversation["id"]), conversation)
    _add(shelf, str(conversation["id"]), begun)
    return JSONResponse(conversation)


async def retrieve(request: Request) -> Response:
    """Show a conversation without its items."""
    return JSONResponse(_find(request))


async def update(request: Request) -> Response:
    """Replace the metadata of a conversation."""
    conversation = _find(request)
    fields = await read_json_fields(request)
    if fields.values.get("metadata") is None:
        refuse("metadata", "Missing required parameter: 'metadata'.")
    conversation |= {"metadata": listing.read_metadata(fields)}
    _shelf(request).put(Kept.CONVERSATION, conversation["id"], conversation)
    return JSONResponse(conversation)


async def delete(request: Request) -> Response:
    """Forget a conversation and its items."""
    conversation_id = _find(request)["id"]
    _shelf(request).drop(Kept.CONVERSATION, conversation_id)
    return JSONResponse({"id": conversation_id, "object": "conversation.deleted", "deleted": True})


async def add_items(request: Request) -> Response:
    """Add items to a conversation."""
    conversation_id = _find(request)["id"]
    added = _read_items(await read_json_fields(request))
    _add(_shelf(request), conversation_id, added)
    ends = {"first_id": added[0]["id"], "last_id": added[-1]["id"]}
    return JSONResponse({"object": "list", "data": added, **ends, "has_more": False})


async def list_items(request: Request) -> Response:
    """List the items of a conversation."""
    conversation_id = _find(request)["id"]
    return JSONResponse(listing.listed(request, _shelf(request).everything(Kept.ITEM, conversation_id), "desc"))


async def retrieve_item(request: Request) -> Response:
    """Show one item."""
    return JSONResponse(_find_item(request))


async def delete_item(request: Request) -> Response:
    """Take one item out of a conversation, and show the conversation."""
    conversation = _find(request)
    _shelf(request).drop(Kept.ITEM, _find_item(request)["id"], conversation["id"])
    return JSONResponse(conversation)


def _shelf(request: Request) -> Shelf:
    return Shelf(store_of(request), vendor_account(request).id)


def _find(request: Request) -> dict[str, Any]:
    conversation_id = request.path_params["conversation"]
    found = _shelf(request).find(Kept.CONVERSATION, conversation_id)
    if found is None:
        listing.refuse_unknown("Conversation", conversation_id)
    return found


def _find_item(request: Request) -> dict[str, Any]:
    item_id = request.path_params["item"]
    found = _shelf(request).find(Kept.ITEM, item_id, _find(request)["id"])
    if found is None:
        listing.refuse_unknown("Item", item_id)
    return found


def _read_items(fields: JsonFields) -> list[dict[str, Any]]:
    given = fields.objects("items")
    if len(given) > _MOST_ITEMS:
        refuse("items", f"Invalid value for 'items': at most {_MOST_ITEMS} items.")
    return [items.read_item(item) for item in given]


def _add(shelf: Shelf, conversation_id: str, added: list[dict[str, Any]]) -> None:
    for item in added:
        shelf.put(Kept.ITEM, item["id"], item, conversation_id)


ROUTES: Final = (
    Route("/v1/conversations", create, methods=["POST"]),
    Route("/v1/conversations/{conversation}", retrieve, methods=["GET"]),
    Route("/v1/conversations/{conversation}", update, methods=["POST"]),
    Route("/v1/conversations/{conversation}", delete, methods=["DELETE"]),
    Route("/v1/conversations/{conversation}/items", add_items, methods=["POST"]),
    Route("/v1/conversations/{conversation}/items", list_items, methods=["GET"]),
    Route("/v1/conversations/{conversation}/items/{item}", retrieve_item, methods=["GET"]),
    Route("/v1/conversations/{conversation}/items/{item}", delete_item, methods=["DELETE"]),
)
