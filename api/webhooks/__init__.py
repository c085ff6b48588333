"""Webhooks: the service tells others when a registration has ended."""
