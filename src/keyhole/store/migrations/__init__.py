"""How an older database becomes one of today's schema; run by `keyhole.store.schema` when the database is opened."""
