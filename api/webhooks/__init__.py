"""Webhooks: notifications when a registration has ended."""
