"""Midjourney's buttons: which ones a finished task has, and what pressing one makes.

The identifiers are those that public clients send back; the labels of ``U1`` to
``V4`` were seen there too, all others are inferred.
"""

from dataclasses import dataclass
from typing import Final

from oauth_app.sandbox.drawing.mj_tasks import Action, Task


@dataclass(frozen=True)
class Button:
    """A button; ``{}`` in its pattern stands for the job that has it."""

    pattern: str
    emoji: str
    label: str
    action: Action | None
    """What pressing it makes; None means once more the same."""

    def custom_id(self, job_id: str) -> str:
        """Return the identifier of this button below a job."""
        return self.pattern.format(job_id)


def _numbered(job: str, letter: str, action: Action) -> tuple[Button, ...]:
    return tuple(Button(f"MJ::JOB::{job}::{n}::{{}}", "", f"{letter}{n}", action) for n in range(1, 5))


def _pan(direction: str, emoji: str) -> Button:
    return Button(f"MJ::JOB::{direction}_pan_variation::1::{{}}::SOLO", emoji, "", Action.PAN)


INPAINT: Final = Button("MJ::Inpaint::1::{}::SOLO", "🖌️", "Vary (Region)", Action.VARIATION)
SQUARE: Final = Button("MJ::Outpaint::100::1::{}::SOLO", "↔️", "Make Square", Action.ZOOM)

#: Below four pictures.
_OF_GRID: Final = (
    *_numbered("upsample", "U", Action.UPSCALE),
    Button("MJ::JOB::reroll::0::{}::SOLO", "🔄", "", None),
    *_numbered("variation", "V", Action.VARIATION),
)

#: Below one picture.
_OF_SINGLE: Final = (
    Button("MJ::JOB::low_variation::1::{}::SOLO", "🪄", "Vary (Subtle)", Action.VARIATION),
    Button("MJ::JOB::high_variation::1::{}::SOLO", "🪄", "Vary (Strong)", Action.VARIATION),
    INPAINT,
    Button("MJ::Outpaint::50::{}::SOLO", "🔍", "Zoom Out 2x", Action.ZOOM),
    Button("MJ::Outpaint::75::{}::SOLO", "🔍", "Zoom Out 1.5x", Action.ZOOM),
    SQUARE,
    _pan("left", "⬅️"),
    _pan("right", "➡️"),
    _pan("up", "⬆️"),
    _pan("down", "⬇️"),
)


def buttons_of(task: Task) -> tuple[Button, ...]:
    """Return the buttons of a task that has succeeded; a square picture cannot be made square."""
    if task.action is Action.DESCRIBE:
        return ()
    if task.action is not Action.UPSCALE:
        return _OF_GRID
    return tuple(button for button in _OF_SINGLE if button is not SQUARE or task.width != task.height)


def find_button(task: Task, custom_id: str) -> Button | None:
    """Return the button of a task with this identifier, or None."""
    return next((button for button in buttons_of(task) if button.custom_id(task.job_id) == custom_id), None)
