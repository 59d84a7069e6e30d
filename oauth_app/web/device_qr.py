"""A device's address as a QR code, for devices that cannot draw one themselves (RFC 8628 3.3.1)."""

import io
from urllib.parse import urlencode

import segno
from flask import Blueprint, abort, request, send_file
from flask.typing import ResponseReturnValue

from oauth_app.hub import current_hub
from oauth_app.provider.device_codes import read_user_code
from oauth_app.web.guards import public

bp = Blueprint("device_qr", __name__, url_prefix="/oauth/device")
bp.before_request(public)

_PIXELS, _MARGIN = 8, 4


@bp.get("/qr")
def picture() -> ResponseReturnValue:
    """Draw the address with the code in it. Whether there is such a code is not told: it is not looked up."""
    code = read_user_code(request.args.get("user_code", "")) or abort(404)
    address = f"{current_hub().settings.hub_issuer}/oauth/device?{urlencode({'user_code': code})}"
    png = io.BytesIO()
    segno.make(address, error="m", micro=False).save(png, kind="png", scale=_PIXELS, border=_MARGIN)
    png.seek(0)
    answer = send_file(png, mimetype="image/png")
    answer.headers["Cache-Control"] = "no-store"
    return answer
