"""One index for everything that can be found: FTS5 trigram on SQLite, pg_trgm on PostgreSQL."""
