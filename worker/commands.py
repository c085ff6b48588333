"""Commands of the service in ``xebra``; each imports its module when it runs, so that --help is quick."""


def serve(argv: list[str]) -> int:
    """Start the service: web page, API, workers and broker; stop with Ctrl-C."""
    from worker.serve import main

    return main(argv)


def replay(argv: list[str]) -> int:
    """Register the images of a past job again: exit 0 if the result is the same, 1 if it differs."""
    from worker.replay import main

    return main(argv)


def export_job(argv: list[str]) -> int:
    """Write a job into a folder: images, result, transforms, picture, audit entries."""
    from worker.export import main

    return main(argv)


def networks(argv: list[str]) -> int:
    """List, add, promote, compare and roll back the versions of an instrument's network."""
    from worker.networks_command import main

    return main(argv)
