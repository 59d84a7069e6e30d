"""Downloads of stored files: public ones for everyone, private ones for their owner."""

from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from oauth_app.sandbox import byte_ranges, file_store
from oauth_app.sandbox.byte_ranges import Span, UnsatisfiableRangeError
from oauth_app.sandbox.context import store_of
from oauth_app.sandbox.credentials import files_account
from oauth_app.sandbox.errors import PlatformError
from oauth_app.sandbox.file_store import StoredFile

#: Pages that people sign in to share this origin, so a stored page may run nothing here.
_GUARDS: Final = {
    "Content-Security-Policy": "sandbox; default-src 'none'; img-src 'self'; media-src 'self'",
    "X-Content-Type-Options": "nosniff",
}


async def public_download(request: Request) -> Response:
    """Send a public file to anyone; a private one is as good as unknown."""
    file = _find(request)
    if not file.is_public:
        raise _unknown()
    return _send(request, file)


async def private_download(request: Request) -> Response:
    """Send a file to its owner; to others it is as good as unknown."""
    account = files_account(request)
    file = _find(request)
    if file.account_id != account.id:
        raise _unknown()
    return _send(request, file)


def _find(request: Request) -> StoredFile:
    file = file_store.find(store_of(request), request.path_params["file_id"])
    if file is None:
        raise _unknown()
    return file


def _unknown() -> PlatformError:
    return PlatformError(404, "file_not_found_error", "There is no such file, it has expired, or it is not yours.")


def _send(request: Request, file: StoredFile) -> Response:
    headers = _headers(file)
    if headers["ETag"] in _listed(request, "if-none-match"):
        return Response(status_code=304, headers=headers)
    try:
        span = _span(request, file)
    except UnsatisfiableRangeError:
        return Response(status_code=416, headers=headers | {"Content-Range": f"bytes */{file.size_bytes}"})
    if span is None:
        body = file_store.read(store_of(request), file.id, 0, file.size_bytes)
        return Response(body, headers=headers)
    body = file_store.read(store_of(request), file.id, span.first, span.length)
    return Response(body, 206, headers | {"Content-Range": span.content_range})


def _span(request: Request, file: StoredFile) -> Span | None:
    # A part only fits to what the client already has if the file is still the same.
    if (condition := request.headers.get("if-range")) and condition != f'"{file.etag}"':
        return None
    return byte_ranges.parse(request.headers.get("range", ""), file.size_bytes)


def _listed(request: Request, header: str) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in request.headers.get(header, "").split(",")}


def _headers(file: StoredFile) -> dict[str, str]:
    return _GUARDS | {
        "Content-Type": file.media_type,
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(file.filename, safe='')}",
        "Accept-Ranges": "bytes",
        "ETag": f'"{file.etag}"',
        "Cache-Control": "public, max-age=60" if file.is_public else "private, no-cache",
    }


ROUTES: Final = (
    Route("/api/v1/f/pub/{file_id}", public_download, methods=["GET"]),
    Route("/api/v1/f/pri/{file_id}", private_download, methods=["GET"]),
)
