"""``xebra serve``: the whole service on this machine, from one command to Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from pydantic import ValidationError

from db.errors import BackendUnknown
from db.settings import StorageSettings
from worker.errors import BrokerUnavailable, ServiceNotStarted
from worker.settings import WorkerSettings

FAULT = 2


def main(argv: list[str]) -> int:
    """Start the service: web page, API, workers and broker; stop with Ctrl-C."""
    arguments = _parser().parse_args(argv)
    stopped = _stop_signals()
    try:
        return _serve(arguments, stopped)
    except ValidationError as error:
        print(f"xebra serve: {'; '.join(map(_setting, error.errors()))}", file=sys.stderr)
        return FAULT
    except (ServiceNotStarted, BackendUnknown, BrokerUnavailable, ValueError) as error:
        print(f"xebra serve: {' '.join(str(error).split())}", file=sys.stderr)
        return FAULT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("xebra serve", description=main.__doc__)
    parser.add_argument("--host", help="address to listen on (XEBRA_HOST, else 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (XEBRA_PORT, else 8000)")
    parser.add_argument("--sample", action="store_true", help="register the sample pair through the API")
    parser.add_argument("--once", action="store_true", help="stop after the sample pair; exit 0 if it fits")
    return parser


def _setting(error: dict) -> str:
    """A setting that cannot be, by the name under which it is given."""
    name = "_".join(map(str, error["loc"])).upper()
    return f"XEBRA_{name} cannot be {error['input']!r} ({error['msg']})"


def _serve(arguments: argparse.Namespace, stopped: threading.Event) -> int:
    given = {name: value for name in ("host", "port") if (value := getattr(arguments, name)) is not None}
    storage, settings = StorageSettings(), WorkerSettings(**given)
    from worker import broker, house  # heavy: what cannot be is said before
    from worker.greeting import Greeting

    with house.alone_in(storage.state_dir), broker.socket_in(storage.state_dir) as own_socket:
        house.check_port(settings.host, settings.port)
        house.check(storage, settings)
        supervisor = house.supervisor(storage, settings, own_socket)
        greeting = Greeting(house.url(settings), storage, settings, supervisor, arguments)
        try:
            supervisor.start()
            house.prepare(storage, settings)  # while the parts import what they need
            greeting.start()
            supervisor.watch(until=lambda: stopped.is_set() or greeting.was_all)
        finally:
            supervisor.stop()
    return greeting.exit_code


def _stop_signals() -> threading.Event:
    """Set by Ctrl-C or SIGTERM."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stopped.set())
    return stopped
