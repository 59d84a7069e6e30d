"""How far a Midjourney task is at a moment, and the task object that tells it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from oauth_app.sandbox.clock import iso
from oauth_app.sandbox.drawing.mj_buttons import buttons_of
from oauth_app.sandbox.drawing.mj_tasks import Action, Task

IMAGE_PATH: Final = "/api/v1/content/mj-generated"


class Status(StrEnum):
    """The observed states of a task."""

    NOT_START = "NOT_START"
    SUBMITTED = "SUBMITTED"
    IN_PROGRESS = "IN_PROGRESS"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"


@dataclass(frozen=True)
class Stage:
    """A part of a task's life, and after what share of its time it begins."""

    begins_percent: int
    status: Status
    progress: str

    @property
    def is_final(self) -> bool:
        """Whether nothing comes after it."""
        return self.status in {Status.SUCCESS, Status.FAILURE}


_BEGINNING: Final = (
    Stage(0, Status.NOT_START, "0%"),
    Stage(10, Status.SUBMITTED, "0%"),
    Stage(20, Status.IN_PROGRESS, "15%"),
    Stage(40, Status.IN_PROGRESS, "46%"),
)
_SUCCEEDING: Final = (
    *_BEGINNING,
    Stage(60, Status.IN_PROGRESS, "78%"),
    Stage(80, Status.IN_PROGRESS, "93%"),
    Stage(100, Status.SUCCESS, "100%"),
)
_FAILING: Final = (*_BEGINNING, Stage(60, Status.FAILURE, "46%"))

_STARTED: Final = _BEGINNING[1]


def stage_at(task: Task, moment_ms: int) -> Stage:
    """Return the stage of a task at a moment."""
    return [stage for stage in _stages(task) if _begin_ms(task, stage) <= moment_ms or stage.begins_percent == 0][-1]


def pause_ms(task: Task, moment_ms: int) -> int:
    """Return the time until the next stage; 0 after the last."""
    begins = [_begin_ms(task, stage) for stage in _stages(task)]
    return min((begin - moment_ms for begin in begins if begin > moment_ms), default=0)


def described(task: Task, moment_ms: int) -> dict[str, Any]:
    """Return the task object: the documented fields, as they are at a moment."""
    stage = stage_at(task, moment_ms)
    is_success = stage.status is Status.SUCCESS
    has_image = is_success and task.action is not Action.DESCRIBE
    is_hidden = task.action is Action.DESCRIBE and not is_success
    return {
        "taskId": task.id,
        "taskType": task.task_type,
        "status": stage.status,
        "action": task.action,
        "progress": stage.progress,
        "description": task.description,
        "prompt": None if is_hidden else task.prompt,
        "failReason": "The prompt asked for a failure." if stage.status is Status.FAILURE else None,
        "submitTime": iso(task.submitted_at_ms // 1000),
        "startTime": _time(task, _STARTED, stage.begins_percent >= _STARTED.begins_percent),
        "finishTime": _time(task, stage, stage.is_final),
        "webhookUrl": task.webhook_url,
        "imageDcUrl": f"{task.origin}{IMAGE_PATH}/{task.image_key}" if has_image else None,
        "imageS3Url": task.image_key if has_image else None,
        "actions": _actions(task) if is_success else [],
    }


def _stages(task: Task) -> tuple[Stage, ...]:
    return _FAILING if task.fails else _SUCCEEDING


def _begin_ms(task: Task, stage: Stage) -> int:
    return task.submitted_at_ms + task.lasts_ms * stage.begins_percent // 100


def _time(task: Task, stage: Stage, has_come: bool) -> str | None:  # noqa: FBT001 - reads as a sentence
    return iso(_begin_ms(task, stage) // 1000) if has_come else None


def _actions(task: Task) -> list[dict[str, str]]:
    return [
        {"customId": button.custom_id(task.job_id), "emoji": button.emoji, "label": button.label}
        for button in buttons_of(task)
    ]
