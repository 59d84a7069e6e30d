"""How a command gets at the hub: settings, collaborators, and a database that fits this version."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from oauth_app.errors import HubError
from oauth_app.hub import Hub, make_hub
from oauth_app.services.schema import is_schema_current
from oauth_app.settings import Settings, load_settings


class DatabaseUnreadyError(HubError):
    """The database does not answer, or has not the tables of this version."""


@contextmanager
def open_hub(settings: Settings | None = None) -> Iterator[Hub]:
    """Lend the hub of the settings to a command, whatever state its database is in."""
    hub = make_hub(settings or load_settings())
    try:
        yield hub
    finally:
        hub.close()


@contextmanager
def open_ready_hub() -> Iterator[Hub]:
    """Lend the hub to a command that needs its tables.

    Raises:
        DatabaseUnreadyError: they are not there; the text says what to do.
    """
    with open_hub() as hub:
        check_database(hub)
        yield hub


def check_database(hub: Hub) -> None:
    """Make sure that the database answers and has the tables of this version.

    Raises:
        DatabaseUnreadyError: it has not; the text says what to do.
    """
    try:
        current = is_schema_current(hub.engine)
    except SQLAlchemyError as error:
        # Not the whole error: the address in it may hold a password.
        msg = f"the database does not answer ({type(error).__name__}); check DATABASE_URL"
        raise DatabaseUnreadyError(msg) from None
    if not current:
        msg = "the database has not the tables of this version yet; run: python3 app.py db upgrade"
        raise DatabaseUnreadyError(msg)
