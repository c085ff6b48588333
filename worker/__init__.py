"""Celery: fetch, call the network, record."""
