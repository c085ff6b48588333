"""Run the migrations on the connection of ``db.migrate``."""

from alembic import context

from db.rows import Row

context.configure(connection=context.config.attributes["connection"], target_metadata=Row.metadata)
context.run_migrations()
