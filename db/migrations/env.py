"""Runs migrations on the connection that db.migrate hands over."""

from alembic import context

from db.rows import Row

context.configure(connection=context.config.attributes["connection"], target_metadata=Row.metadata)
context.run_migrations()
