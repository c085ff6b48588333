"""Errors of the workers and of ``xebra serve``."""


class BrokerUnavailable(Exception):
    """There is no usable broker; the message states what to set or install."""


class ServiceNotStarted(Exception):
    """The service cannot start; the message states the cause and the remedy."""


class NothingToReplay(Exception):
    """The job has no result, or its network is not installed."""


class ClaimLost(Exception):
    """The job was cancelled, or claimed by another worker, during the attempt."""
