"""Batches: many pairs, one status."""
