"""``/docs/button``, ``/docs/webhooks`` and ``/docs/guides``: what a site's developer reads beside the API."""

import base64
import hashlib
from pathlib import Path

from flask import Blueprint, abort, current_app, render_template, request
from flask.typing import ResponseReturnValue
from markdown_it import MarkdownIt
from markupsafe import Markup

from oauth_app.hub import current_hub
from oauth_app.settings import ROOT
from oauth_app.web.guards import public
from oauth_app.web.language import reader_language

bp = Blueprint("developer_docs", __name__, url_prefix="/docs")
bp.before_request(public)

GUIDES = ROOT / "docs" / "guides"
#: The hub's address as the guides write it; the reader sees the real one.
_PLACEHOLDER = "https://connect.example.com"
#: Attribute of the button -> its values, the default first.
_CHOICES = {
    "theme": ("auto", "light", "dark"),
    "size": ("medium", "small", "large"),
    "label": ("sign-in", "continue", "connect"),
    "lang": ("auto", "en", "zh"),
    "mode": ("redirect", "popup"),
}


@bp.get("/button")
def button() -> ResponseReturnValue:
    """Show the sign-in button in all its forms, and the code for the one that was chosen."""
    chosen = {name: request.args.get(name, values[0]) for name, values in _CHOICES.items()}
    known = {name: value if value in _CHOICES[name] else _CHOICES[name][0] for name, value in chosen.items()}
    return render_template(
        "docs_button.html",
        choices=_CHOICES,
        chosen=known,
        differing={name: value for name, value in known.items() if value != _CHOICES[name][0]},
        issuer=current_hub().settings.hub_issuer,
        integrity=integrity_of(Path(str(current_app.static_folder)) / "connect.js"),
        language=reader_language(),
    )


@bp.get("/guides/", defaults={"name": "README"})
@bp.get("/guides/<name>")
def guide(name: str) -> ResponseReturnValue:
    """Show a guide, with this hub's address in it."""
    files = {file.stem: file for file in GUIDES.glob("*.md")}  # nothing else can be asked for
    if name not in files:
        abort(404)
    return _page(files[name], is_index=name == "README")


@bp.get("/webhooks")
def webhooks() -> ResponseReturnValue:
    """Tell what is sent to a site's server, and how it knows that it is ours."""
    return _page(GUIDES.parent / "webhooks.md")


def integrity_of(file: Path) -> str:
    """Return what stands in a script's ``integrity`` (Subresource Integrity 3.1)."""
    return "sha384-" + base64.b64encode(hashlib.sha384(file.read_bytes()).digest()).decode()


def _page(file: Path, *, is_index: bool = False) -> str:
    text = file.read_text("utf-8").replace(_PLACEHOLDER, current_hub().settings.hub_issuer)
    title, _, _ = text.removeprefix("# ").partition("\n")
    return render_template("docs_guide.html", title=title, text=_rendered(text), is_index=is_index)


def _rendered(text: str) -> Markup:
    """Return Markdown as HTML; HTML within it is shown and not obeyed."""
    renderer = MarkdownIt("commonmark", {"html": False}).enable("table")
    page = renderer.render(
        text.replace("(../sign-in-button.md)", "(/docs/button)").replace("(README.md)", "(.)").replace(".md)", ")")
    )
    return Markup(page.replace("<table>", '<table class="table">'))  # noqa: S704 - our own files, escaped by the renderer
