"""The layout of the database, step by step."""

NEWEST = "0008"
