"""What can be wrong with webhook endpoints and events."""

from oauth_app.errors import HubError


class WebhookError(HubError):
    """Something about webhook endpoints or events."""


class UnknownEndpointError(WebhookError):
    """The partner has no endpoint of this id."""


class UnknownEventError(WebhookError):
    """The partner has no event of this id."""


class UnknownDeliveryError(WebhookError):
    """The endpoint has no delivery of this id, or not any more."""


class EndpointOffError(WebhookError):
    """The endpoint is switched off and is sent nothing."""


class InvalidEndpointError(WebhookError):
    """A field of an endpoint cannot be taken."""

    def __init__(self, *, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class TooManyEndpointsError(WebhookError):
    """The partner has as many endpoints as it may have."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"at most {limit} endpoints")
        self.limit = limit
