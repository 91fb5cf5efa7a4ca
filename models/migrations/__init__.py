"""Schema revisions. `HEAD` is the newest one that this program knows; opening a book compares without Alembic."""

HEAD = "0001"
