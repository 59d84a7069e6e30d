"""Which shape the refusals of an address have."""

from enum import Enum, auto

from oauth_app.sandbox import vendor_paths


class Family(Enum):
    """One for each shape of refusal."""

    VENDOR = auto()
    """OpenAI's or Anthropic's body."""
    STRIPE = auto()
    PLATFORM = auto()
    """The envelope."""
    PAGE = auto()


def family_of(path: str) -> Family:
    """Return the family of an address, whether or not there is something at it."""
    if vendor_paths.is_vendor(path):
        return Family.VENDOR
    if path.startswith("/stripe/v1/"):
        return Family.STRIPE
    return Family.PLATFORM if path.startswith(("/api/", "/_sandbox/")) else Family.PAGE
