"""``/docs``: the partner API, described for people, from the same document as for programs."""

import re

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from oauth_app.api.guards import public
from oauth_app.api.openapi import current_document
from oauth_app.api.openapi_document import problems_by_code

bp = Blueprint("docs", __name__)
bp.before_request(public)


@bp.get("/docs")
def show() -> ResponseReturnValue:
    """Show the document as a page."""
    return render_template("docs.html", document=current_document(), problems=problems_by_code().values())


@bp.app_template_filter("marked")
def marked(text: str) -> Markup:
    """Return the text with what stands between backticks as code."""
    parts = enumerate(re.split("`+", text))
    return Markup("").join(Markup("<code>{}</code>").format(part) if number % 2 else part for number, part in parts)
