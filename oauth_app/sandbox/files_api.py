"""File storage: upload, relabel, delete and list. Needs the permission ``file-v1`` of an API key."""

import mimetypes
import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from oauth_app.sandbox import file_store
from oauth_app.sandbox.context import sandbox_of, store_of
from oauth_app.sandbox.credentials import files_account
from oauth_app.sandbox.envelope import success
from oauth_app.sandbox.errors import PlatformError, refuse
from oauth_app.sandbox.fields import Fields, read_fields
from oauth_app.sandbox.file_store import Filter, Label, StoredFile
from oauth_app.sandbox.request_body import Upload

_PREFIX: Final = "/api/v1/user/files"

#: COMMON, FINETUNE, CHAT, LLM_TMP, OPENAI_BATCH, ANTHROPIC_BATCH.
_LAST_PURPOSE: Final = 5

_LONGEST_NAME: Final = 255
_MOST_TAGS: Final = 32
_LONGEST_TAG: Final = 64
_LARGEST_PAGE: Final = 100
_UNKNOWN_TYPE: Final = "application/octet-stream"
_MEDIA_TYPE: Final = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}", re.ASCII)


async def upload(request: Request) -> Response:
    """Store a file; the answer writes ``fileUniqueID``, all later calls ``fileUniqueId``."""
    account = files_account(request)
    fields = await read_fields(request)
    part = fields.upload("file")
    label = Label(
        filename=_read_name(fields),
        purpose=fields.whole("purpose", 0, _LAST_PURPOSE),
        is_public=bool(fields.flag("is_public")),
        tags=_read_tags(fields),
        expires_at_s=fields.moment("expires_at") if fields.has("expires_at") else None,
    )
    _check_room(request, part)
    file_id = file_store.add(store_of(request), account.id, label, _media_type(label.filename, part), part.content)
    return success("File Upload Success", {"fileUniqueID": file_id})


async def update(request: Request) -> Response:
    """Change what is said of a file; fields that are absent stay, an unknown file changes no row."""
    account = files_account(request)
    fields = await read_fields(request)
    store = store_of(request)
    file = file_store.find(store, fields.text("fileUniqueId"))
    label = _read_changes(fields, file)
    changed = file_store.relabel(store, file.id, label) if file and file.account_id == account.id else 0
    return success("File info updated successfully", {"affectedRows": changed})


async def delete(request: Request) -> Response:
    """Delete a file; an unknown one deletes no row."""
    account = files_account(request)
    fields = await read_fields(request)
    deleted = file_store.delete(store_of(request), fields.text("fileUniqueId"), account.id)
    return success("File deleted successfully", {"affectedRows": deleted})


async def query(request: Request) -> Response:
    """List a page of the caller's files."""
    account = files_account(request)
    fields = await read_fields(request)
    purpose = fields.whole("purpose", 0, _LAST_PURPOSE) if fields.has("purpose") else None
    wanted = Filter(account_id=account.id, purpose=purpose, tags=_read_tags(fields))
    page, page_size = fields.whole("page", 1, 10**6, 1), fields.whole("pageSize", 1, _LARGEST_PAGE, 20)
    total, files = file_store.query(store_of(request), wanted, page, page_size)
    return success("Query user files success", {"total": total, "files": [file.described() for file in files]})


async def metadata(request: Request) -> Response:
    """Describe the caller's files of a list, in its order; unknown ones are left out."""
    account = files_account(request)
    fields = await read_fields(request)
    wanted = fields.texts("fileUniqueIds")
    if not 0 < len(wanted) <= _LARGEST_PAGE:
        refuse(f"fileUniqueIds must be a list of 1 to {_LARGEST_PAGE} identifiers")
    found = [file_store.find(store_of(request), file_id) for file_id in wanted]
    data = [file.described() for file in found if file and file.account_id == account.id]
    return success("Query user files success", data)


def _read_changes(fields: Fields, file: StoredFile | None) -> Label:
    """Return the new label; every field is checked even when there is no such file."""
    purpose = fields.whole("purpose", 0, _LAST_PURPOSE, file.purpose if file else 0)
    is_public = fields.flag("is_public")
    expires_at_s = file.expires_at_s if file else None
    if fields.has("expires_at"):
        expires_at_s = fields.moment("expires_at")
    return Label(
        filename=_read_name(fields),
        purpose=purpose,
        is_public=is_public if is_public is not None else bool(file and file.is_public),
        tags=_read_tags(fields) if "tags" in fields.values or file is None else file.tags,
        expires_at_s=None if fields.flag("unset_expires_at") else expires_at_s,
    )


def _read_name(fields: Fields) -> str:
    name = fields.text("filename")
    if len(name) > _LONGEST_NAME:
        refuse(f"filename is longer than {_LONGEST_NAME} characters")
    return name


def _read_tags(fields: Fields) -> list[str]:
    tags = list(dict.fromkeys(fields.texts("tags")))
    if len(tags) > _MOST_TAGS or any(not 0 < len(tag) <= _LONGEST_TAG for tag in tags):
        refuse(f"tags must be at most {_MOST_TAGS}, each of 1 to {_LONGEST_TAG} characters")
    return tags


def _check_room(request: Request, part: Upload) -> None:
    config = sandbox_of(request).config
    if len(part.content) > config.file_limit_bytes:
        raise PlatformError(413, "file_too_large_error", f"A file may have {config.file_limit_bytes} bytes at most.")
    used = file_store.used_bytes(store_of(request))
    if used + file_store.counted_bytes(part.content) > config.storage_limit_bytes:
        text = "The storage of this sandbox is full; delete files first."
        raise PlatformError(413, "storage_full_error", text)


def _media_type(filename: str, part: Upload) -> str:
    guessed, encoding = mimetypes.guess_type(filename)
    if guessed and not encoding:
        return guessed
    return part.media_type if _MEDIA_TYPE.fullmatch(part.media_type) else _UNKNOWN_TYPE


ROUTES: Final = (
    Route(f"{_PREFIX}/upload", upload, methods=["POST"]),
    Route(f"{_PREFIX}/update", update, methods=["POST"]),
    Route(f"{_PREFIX}/delete", delete, methods=["POST"]),
    Route(f"{_PREFIX}/query", query, methods=["POST"]),
    Route(f"{_PREFIX}/metadata", metadata, methods=["POST"]),
)
