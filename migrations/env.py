"""Alembic's entry: the same engine and the same tables as the hub's."""

from alembic import context

from oauth_app.db import make_engine
from oauth_app.models import Base
from oauth_app.settings import load_settings


def run() -> None:
    """Run the migrations in one transaction for each."""
    engine = context.config.attributes.get("engine") or make_engine(load_settings().database_url)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            compare_type=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
