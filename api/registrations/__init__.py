"""Registrations: submission, state, results, corrections, files."""
