"""Celery workers and the processes that run beside them."""
