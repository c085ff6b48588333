"""What can go wrong around the workers, in words."""


class BrokerUnavailable(Exception):
    """There is no broker to speak to; the message says what to set or install."""


class ServiceNotStarted(Exception):
    """The service cannot start here; the message says why and what to do."""


class NothingToReplay(Exception):
    """The job has no result, or one of a network that is not here."""


class ClaimLost(Exception):
    """The job was cancelled or given to another worker while this one was at it."""
