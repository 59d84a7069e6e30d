"""What can go wrong with a partner's registration.

* UnknownPartnerError          there is none of this id
* InvalidRegistrationError     a field cannot be taken
"""

from oauth_app.errors import HubError


class PartnerError(HubError):
    """Something about a partner's registration."""


class UnknownPartnerError(PartnerError):
    """There is no such partner."""


class InvalidRegistrationError(PartnerError):
    """A field of the registration cannot be taken; the text says which and why."""
