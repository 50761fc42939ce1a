"""Migrations of older databases to the current schema; `keyhole.store.sql.schema` runs them at opening."""
