"""How Alembic runs here: on the connection that services/schema.py hands over, in its transaction."""

from alembic import context

from models.all import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    transactional_ddl=False,
    compare_type=True,
    render_as_batch=False,
)
with context.begin_transaction():
    context.run_migrations()
