"""Registrations: ask for one, watch it, take its result home."""
