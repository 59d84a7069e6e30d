"""Finished pictures: kept as a seed and a size, drawn whenever somebody looks."""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from oauth_app.sandbox.clock import now_s
from oauth_app.sandbox.context import origin_of, store_of
from oauth_app.sandbox.drawing import png
from oauth_app.sandbox.errors import PlatformError
from oauth_app.sandbox.identifiers import alnum

_PATH: Final = "/api/v1/content/generated"

#: Names are unguessable, so no sign-in; what is drawn never changes.
_HEADERS: Final = {"Cache-Control": "max-age=86400", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, kw_only=True)
class Picture:
    """All there is to know of a picture."""

    seed: str
    width: int
    height: int

    def png(self) -> bytes:
        """Return the file."""
        return png.draw(self.seed, self.width, self.height)

    def base64(self) -> str:
        """Return the file as text."""
        return base64.b64encode(self.png()).decode()


def make_seed(*sources: object) -> str:
    """Return a seed that depends on everything a picture is made from."""
    return hashlib.sha256(repr(sources).encode()).hexdigest()


def publish(request: Request, pictures: Iterable[Picture]) -> list[str]:
    """Keep pictures and return the address of each."""
    return [f"{origin_of(request)}{_PATH}/{_keep(request, picture)}" for picture in pictures]


def image_answer(picture: Picture) -> Response:
    """Return a picture as an answer; it is a PNG, whatever format was asked for, and says so."""
    return Response(picture.png(), media_type="image/png", headers=_HEADERS)


async def show(request: Request) -> Response:
    """Answer with a picture; nobody need sign in."""
    row = store_of(request).find("SELECT * FROM picture WHERE name = ?", request.path_params["name"])
    if row is None:
        raise PlatformError(404, "not_found_error", "There is no such picture.")
    return image_answer(Picture(seed=row["seed"], width=row["width"], height=row["height"]))


def _keep(request: Request, picture: Picture) -> str:
    name = f"{alnum(24)}.png"
    store_of(request).run(
        "INSERT INTO picture (name, seed, width, height, created_at_s) VALUES (?, ?, ?, ?, ?)",
        *(name, picture.seed, picture.width, picture.height, now_s()),
    )
    return name


ROUTES: Final = (Route(f"{_PATH}/{{name}}", show, methods=["GET"]),)
