"""What can be wrong with a request to the partner API before any service is asked."""

from oauth_app.errors import HubError


class MissingCredentialsError(HubError):
    """No Authorization header, or one of a scheme that is not spoken here."""


class UserRequiredError(HubError):
    """A partner's server must say for whom it acts."""


class ClientRequiredError(HubError):
    """Only the partner's server may do this, proven by its own credentials."""


class InvalidJsonError(HubError):
    """The body is no JSON object; the text says why and quotes nothing of it."""
