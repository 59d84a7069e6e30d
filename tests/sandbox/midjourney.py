"""Speaking to the sandbox's Midjourney."""

import time
from dataclasses import dataclass
from typing import Any

import requests

from tests.sandbox.emulator import Emulator

MJ = "/api/v1/ai/draw/mj"


@dataclass(frozen=True)
class Midjourney:
    """A client with one credential."""

    sandbox: Emulator
    token: str

    def post(self, operation: str, **fields: object) -> dict[str, Any]:
        """Call an operation with JSON and return the envelope; a field that is None is left out."""
        given = {name: value for name, value in {"model": "midjourney", **fields}.items() if value is not None}
        return dict(self.sandbox.post(f"{MJ}/{operation}", self.token, given).json())

    def form(self, operation: str, form: dict[str, object], **options: Any) -> dict[str, Any]:  # noqa: ANN401
        """Call an operation with a form."""
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.sandbox.url}{MJ}/{operation}"
        return dict(requests.post(url, data=form, headers=headers, timeout=10, **options).json())

    def query(self, task_id: int) -> dict[str, Any]:
        """Return a task as it is now."""
        return dict(self.post("query", taskId=task_id)["data"])

    def finish(self, operation: str, **fields: object) -> dict[str, Any]:
        """Begin a task and return it when it has ended."""
        task_id = self.post(operation, **fields)["data"]
        for _ in range(500):
            task = self.query(task_id)
            if task["status"] in {"SUCCESS", "FAILURE"}:
                return task
            time.sleep(0.02)
        raise AssertionError(task)

    def press(self, task: dict[str, Any], label: str) -> dict[str, Any]:
        """Press a button of a task and return the new task when it has ended."""
        (custom_id,) = (action["customId"] for action in task["actions"] if action["label"] == label)
        return self.finish("action", taskId=task["taskId"], customId=custom_id)

    def url_of(self, task: dict[str, Any]) -> str:
        """Return where the picture of a task stands in the object storage."""
        return f"{self.sandbox.url}/api/v1/content/mj-generated/{task['imageS3Url']}"
