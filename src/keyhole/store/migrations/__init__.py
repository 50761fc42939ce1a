"""How an older database becomes one of today's schema; `keyhole.store.sql.schema` runs it at opening."""
