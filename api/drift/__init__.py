"""Drift of an instrument over HTTP."""
