"""How an older database becomes one of today's schema; run by `keyhole.store.sql.schema` when the database is opened."""
