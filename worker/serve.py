"""``xebra serve``: the whole service on this machine, started and stopped by one command."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from typing import Any

from pydantic import ValidationError

from db.errors import BackendUnknown
from db.settings import StorageSettings
from worker.errors import BrokerUnavailable, ServiceNotStarted
from worker.settings import WorkerSettings

EXIT_ERROR = 2


def main(argv: list[str]) -> int:
    """Start the service: web page, API, workers and broker; stop with Ctrl-C."""
    arguments = _parser().parse_args(argv)
    stopped = _stop_event()
    try:
        return _serve(arguments, stopped)
    except ValidationError as error:
        print(f"xebra serve: {'; '.join(_describe(dict(e)) for e in error.errors())}", file=sys.stderr)
        return EXIT_ERROR
    except (ServiceNotStarted, BackendUnknown, BrokerUnavailable, ValueError) as error:
        print(f"xebra serve: {' '.join(str(error).split())}", file=sys.stderr)
        return EXIT_ERROR


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("xebra serve", description=main.__doc__)
    parser.add_argument("--host", help="address to listen on (default: XEBRA_HOST or 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (default: XEBRA_PORT or 8000)")
    parser.add_argument("--sample", action="store_true", help="register the sample pair through the API")
    parser.add_argument(
        "--once", action="store_true", help="stop after the sample pair; exit 0 if its result is correct"
    )
    return parser


def _describe(error: dict[str, Any]) -> str:
    """Return the message for an invalid setting, with the name of its environment variable."""
    name = "_".join(map(str, error["loc"])).upper()
    return f"XEBRA_{name} cannot be {error['input']!r} ({error['msg']})"


def _serve(arguments: argparse.Namespace, stopped: threading.Event) -> int:
    options = {name: value for name in ("host", "port") if (value := getattr(arguments, name)) is not None}
    storage, settings = StorageSettings(), WorkerSettings(**options)
    from worker import broker, process_manager  # slow imports, after the check of the settings
    from worker.startup_probe import StartupProbe

    with process_manager.lock_state_dir(storage.state_dir), broker.socket_in(storage.state_dir) as own_socket:
        process_manager.check_port(settings.host, settings.port)
        process_manager.check_settings(storage, settings)
        process_manager.require_token(settings)
        supervisor = process_manager.create_supervisor(storage, settings, own_socket)
        url = process_manager.service_url(settings)
        probe = StartupProbe(url, storage, settings, supervisor, arguments)
        try:
            supervisor.start()
            process_manager.prepare(storage, settings)  # while the processes import their modules
            probe.start()
            supervisor.watch(until=lambda: stopped.is_set() or probe.finished)
        finally:
            supervisor.stop()
    return probe.exit_code


def _stop_event() -> threading.Event:
    """Return an event that is set by Ctrl-C, SIGTERM or SIGHUP."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stopped.set())
    return stopped
