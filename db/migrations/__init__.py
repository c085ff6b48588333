"""The database schema, one migration for each change."""

NEWEST = "0024"
