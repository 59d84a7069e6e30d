"""Looking at Midjourney's tasks and pictures."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from oauth_app.sandbox.clock import now_ms
from oauth_app.sandbox.context import store_of
from oauth_app.sandbox.credentials import platform_account
from oauth_app.sandbox.drawing import mj_tasks
from oauth_app.sandbox.drawing.gallery import Picture, image_answer
from oauth_app.sandbox.drawing.mj_api import MODEL, get_task
from oauth_app.sandbox.drawing.mj_progress import IMAGE_PATH, described
from oauth_app.sandbox.drawing.parameters import Parameters, read_parameters
from oauth_app.sandbox.envelope import success
from oauth_app.sandbox.errors import PlatformError, refuse

_PAGE_SIZE: Final = 12
_LAST_PAGE: Final = 10**9


async def query(request: Request) -> Response:
    """Tell how far one task is."""
    account = platform_account(request)
    given = await read_parameters(request)
    given.choice("model", (MODEL,))
    return success("Success", described(get_task(store_of(request), account, given), now_ms()))


async def query_page(request: Request) -> Response:
    """Tell how far the tasks of a page are, newest first; the page is named in the address."""
    account = platform_account(request)
    (await read_parameters(request)).choice("model", (MODEL,))
    wanted = Parameters(request.query_params)
    page = wanted.whole("page", 1, _LAST_PAGE) or refuse("page is required")
    size = wanted.whole("pageSize", 5, 20) or _PAGE_SIZE
    store, moment_ms = store_of(request), now_ms()
    tasks = [described(task, moment_ms) for task in mj_tasks.page_of(store, account.id, page, size)]
    return success("Success", {"total": mj_tasks.count(store, account.id), "tasks": tasks})


async def image(request: Request) -> Response:
    """Answer with the picture of a task that has succeeded; nobody need sign in."""
    key = request.path_params["key"]
    task = mj_tasks.find_job(store_of(request), key.removesuffix(".png"))
    if task is None or described(task, now_ms())["imageS3Url"] != key:
        raise PlatformError(404, "not_found_error", "There is no such picture.")
    return image_answer(Picture(seed=task.seed, width=task.width, height=task.height))


ROUTES: Final = (
    Route("/api/v1/ai/draw/mj/query", query, methods=["POST"]),
    Route("/api/v1/ai/draw/mj/query-mj-tasks", query_page, methods=["POST"]),
    Route(f"{IMAGE_PATH}/{{key}}", image, methods=["GET"]),
)
