"""Batches: many pairs with one status."""
