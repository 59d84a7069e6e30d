"""What can be changed while the sandbox runs."""

from dataclasses import dataclass

from oauth_app.sandbox.config import HttpStatus


@dataclass(kw_only=True)
class Switches:
    """Settings as they are at the moment; the configuration has what a reset goes back to."""

    http_status: HttpStatus
