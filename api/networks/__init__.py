"""Versions of the network of an instrument: adaptation, comparison, promotion and rollback."""
