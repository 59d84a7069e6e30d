"""Relayed calls to look at, for a partner and one of its users."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from oauth_app.models import Usage
from oauth_app.services.access import Access
from oauth_app.services.paging import Page, PageWish, read_page
from oauth_app.services.scopes import Scope


def list_calls(session: Session, access: Access, wish: PageWish) -> Page[Usage]:
    """Return the AI calls of this user through this partner, newest first.

    Raises:
        InsufficientScopeError: the user did not let the partner call AI models.
    """
    access.require(Scope.API)
    return read_page(session, select(Usage).where(Usage.consent_id == access.consent_id), Usage.id, wish)
