"""Midjourney's four ways to begin a task: imagine, action, blend and describe."""

import re
from math import isqrt
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from oauth_app.sandbox import funds
from oauth_app.sandbox.accounts import Account
from oauth_app.sandbox.clock import now_ms
from oauth_app.sandbox.context import origin_of, sandbox_of, store_of
from oauth_app.sandbox.credentials import platform_account
from oauth_app.sandbox.drawing import mj_tasks
from oauth_app.sandbox.drawing.data_urls import find_base64
from oauth_app.sandbox.drawing.gallery import make_seed
from oauth_app.sandbox.drawing.mj_buttons import INPAINT, SQUARE, Button, find_button
from oauth_app.sandbox.drawing.mj_follower import follow
from oauth_app.sandbox.drawing.mj_progress import Status, stage_at
from oauth_app.sandbox.drawing.mj_tasks import Action, Draft, Order, Task
from oauth_app.sandbox.drawing.parameters import FAIL_MARK, Parameters, read_parameters
from oauth_app.sandbox.envelope import success
from oauth_app.sandbox.errors import refuse
from oauth_app.sandbox.funds import FundsError
from oauth_app.sandbox.store import Store

MODEL: Final = "midjourney"

#: Prices of a task (inferred: 0.20 and 0.10 CNY), and how much of the configured time it takes.
_PRICES_CENTS: Final = {"FAST": 6_800_00, "NORMAL": 3_400_00}
_SLOWNESS: Final = {"FAST": 1, "NORMAL": 2}

_MOST_RUNNING: Final = 100
_MOST_REFERENCES: Final = 5
_BLENDS: Final = range(2, 5 + 1)

_DIMENSIONS: Final = {"SQUARE": (1024, 1024), "PORTRAIT": (832, 1248), "LANDSCAPE": (1248, 832)}
_RATIO: Final = re.compile(r"--(?:ar|aspect)\s+([1-9][0-9]{0,2}):([1-9][0-9]{0,2})(?!\S)", re.ASCII)
_SIDES: Final = (128, 2048)
_AREA: Final = 1024 * 1024


async def imagine(request: Request) -> Response:
    """Begin four pictures of a prompt."""
    account = platform_account(request)
    given = await _read(request)
    prompt, references = given.text("prompt"), given.images("base64Array")
    if len(references) > _MOST_REFERENCES:
        refuse(f"base64Array must hold at most {_MOST_REFERENCES} pictures")
    width, height = _size_of(prompt)
    draft = Draft(
        action=Action.IMAGINE,
        prompt=prompt,
        description=f"/imagine {prompt}",
        seed=make_seed(prompt, references),
        width=width,
        height=height,
        fails=FAIL_MARK in prompt,
    )
    return _submit(request, account, given, draft)


async def act(request: Request) -> Response:
    """Press a button of a task that has succeeded."""
    account = platform_account(request)
    given = await _read(request)
    parent = get_task(store_of(request), account, given)
    custom_id, mask = given.text("customId"), _mask(given)
    if stage_at(parent, now_ms()).status is not Status.SUCCESS:
        refuse("The task has not succeeded, so it has no actions.")
    button = find_button(parent, custom_id) or refuse("customId is not one of the task's actions")
    if mask and button is not INPAINT:
        refuse("base64Mask is only for the variation of a region")
    return _submit(request, account, given, _pressed(parent, button, mask))


async def blend(request: Request) -> Response:
    """Begin a picture of two to five others."""
    account = platform_account(request)
    given = await _read(request)
    images = given.images("base64Array")
    if len(images) not in _BLENDS:
        refuse(f"base64Array must hold {_BLENDS.start} to {_BLENDS.stop - 1} pictures")
    dimensions = given.choice("dimensions", _DIMENSIONS, "SQUARE")
    width, height = _DIMENSIONS[dimensions]
    draft = Draft(
        action=Action.BLEND,
        prompt="",
        description=f"/blend {len(images)} --dimensions {dimensions}",
        seed=make_seed(images, dimensions),
        width=width,
        height=height,
    )
    return _submit(request, account, given, draft)


async def describe(request: Request) -> Response:
    """Begin to look for prompts that would make a picture."""
    account = platform_account(request)
    given = await _read(request)
    seed = make_seed(given.image("base64"))
    lines = [f"{n}\ufe0f\u20e3 a sandbox picture, mark {seed[n * 8 : n * 8 + 8]} --ar 1:1" for n in range(1, 5)]
    text = "\n\n".join(lines)
    draft = Draft(action=Action.DESCRIBE, prompt=text, description="/describe", seed=seed, width=0, height=0)
    return _submit(request, account, given, draft)


def get_task(store: Store, account: Account, given: Parameters) -> Task:
    """Return the account's task that a request names.

    Raises:
        PlatformError: 400, no number, or no task of this account.
    """
    task_id = given.whole("taskId", 1, 2**53) or refuse("taskId is required")
    return mj_tasks.find_own(store, account.id, task_id) or refuse(f"There is no task {task_id}.")


async def _read(request: Request) -> Parameters:
    given = await read_parameters(request)
    given.choice("model", (MODEL,))
    return given


def _submit(request: Request, account: Account, given: Parameters, draft: Draft) -> Response:
    """Take the price, accept the task and answer with its number."""
    sandbox = sandbox_of(request)
    task_type = given.choice("type", _PRICES_CENTS, "FAST")
    order = Order(
        task_type=task_type,
        webhook_url=given.web_address("webhook"),
        origin=origin_of(request),
        lasts_ms=sandbox.config.mj_task_ms * _SLOWNESS[task_type],
    )
    if mj_tasks.count(sandbox.store, account.id, open_only=True) >= _MOST_RUNNING:
        refuse(f"There are {_MOST_RUNNING} tasks in progress already; wait until one has ended.")
    try:
        held = funds.set_aside(sandbox.store, account.id, MODEL, _PRICES_CENTS[task_type])
    except FundsError as error:
        raise error.on_platform() from error
    task = mj_tasks.add(sandbox.store, held, draft, order)
    sandbox.callbacks.start(follow(sandbox, task.job_id))
    return success("Success", task.id)


def _pressed(parent: Task, button: Button, mask: bytes | None) -> Draft:
    longest = max(parent.width, parent.height)
    return Draft(
        action=button.action or parent.action,
        prompt=parent.prompt,
        description=f"/action {parent.id} {button.label or button.emoji}",
        seed=make_seed(parent.seed, button.pattern, mask),
        width=longest if button is SQUARE else parent.width,
        height=longest if button is SQUARE else parent.height,
    )


def _mask(given: Parameters) -> bytes | None:
    """Return the mask of a region: a data URL or, because both are in use, bare base64."""
    value = given.values.get("base64Mask")
    if value in (None, ""):
        return None
    return (find_base64(value) if isinstance(value, str) else None) or given.image("base64Mask")


def _size_of(prompt: str) -> tuple[int, int]:
    """Return about a megapixel in the ratio of the last ``--ar``, within bounds."""
    found = _RATIO.findall(prompt)
    across, down = (int(part) for part in found[-1]) if found else (1, 1)
    lowest, highest = _SIDES
    sides = (isqrt(_AREA * across // down), isqrt(_AREA * down // across))
    return min(max(sides[0], lowest), highest), min(max(sides[1], lowest), highest)


_PREFIX: Final = "/api/v1/ai/draw/mj"

ROUTES: Final = (
    Route(f"{_PREFIX}/imagine", imagine, methods=["POST"]),
    Route(f"{_PREFIX}/action", act, methods=["POST"]),
    Route(f"{_PREFIX}/blend", blend, methods=["POST"]),
    Route(f"{_PREFIX}/describe", describe, methods=["POST"]),
)
