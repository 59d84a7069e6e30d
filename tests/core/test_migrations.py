"""Migrations go up and down on every database, and say the same as the models."""

from sqlalchemy import Engine, inspect

from oauth_app.services.schema import check_schema, downgrade_schema, is_schema_current, upgrade_schema


def test_migrations_say_what_the_models_say(engine: Engine) -> None:
    """After all migrations no difference to the models is left."""
    check_schema(engine)


def test_down_leaves_nothing(engine: Engine) -> None:
    """Going down to the base drops every table, and going up again works."""
    downgrade_schema(engine, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    upgrade_schema(engine)
    assert is_schema_current(engine)
