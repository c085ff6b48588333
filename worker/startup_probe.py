"""The startup probe of ``xebra serve``: wait until the service is ready, then register the sample pair."""

from __future__ import annotations

import argparse
import sys
import threading
import time
from importlib.metadata import version
from typing import TextIO

import httpx

from db.settings import StorageSettings
from worker.sample import MAX_ERROR_PX, show_sample, submit_sample
from worker.settings import WorkerSettings
from worker.supervisor import Supervisor

STARTUP_TIMEOUT_S = 180.0  # a busy machine may need a minute to start all parts
POLL_S = 0.1
REQUEST_TIMEOUT_S = 30
EXIT_NOT_READY = 1
OPEN = "Access is open to everyone who can reach this address; set XEBRA_ACCESS=keys to require API keys."
TOKEN = "Access requires the token of this URL, or as a key; set XEBRA_ACCESS=keys for keys of instruments."
KEYS = "API keys are required: see xebra admin --help. The sample pair is skipped."


class StartupProbe:
    """A thread that waits for the service, reports its address, and registers the sample pair."""

    def __init__(
        self,
        url: str,
        storage: StorageSettings,
        settings: WorkerSettings,
        supervisor: Supervisor,
        arguments: argparse.Namespace,
    ) -> None:
        self.token = settings.token
        self.url, self.state_dir, self.log_dir = url, storage.state_dir, supervisor.log_dir
        self.open, self.once = settings.access == "open", arguments.once
        self.sample = self.open and (arguments.sample or arguments.once)
        self.exit_code = 0
        self._finished = threading.Event()

    @property
    def finished(self) -> bool:
        """Return whether the service is to be stopped, because of ``--once``."""
        return self._finished.is_set()

    def start(self) -> None:
        """Start the thread."""
        threading.Thread(target=self._run, name="startup-probe", daemon=True).start()

    def _run(self) -> None:
        try:
            # without the proxies of the environment, which cannot reach a service on this machine
            headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
            timeout = httpx.Timeout(REQUEST_TIMEOUT_S)
            with httpx.Client(base_url=self.url, headers=headers, timeout=timeout, trust_env=False) as client:
                self.exit_code = self._probe(client)
        except Exception as error:
            what = "the sample pair could not be registered" if self.sample else "the service does not answer"
            self._print(f"xebra: {what}: {error}", sys.stderr)
            self.exit_code = EXIT_NOT_READY
        if self.once:
            self._finished.set()

    def _probe(self, client: httpx.Client) -> int:
        down, job = wait_for(client, "/health/live"), None
        if not down and self.sample:  # submitted before the workers are ready, to save time
            job = submit_sample(client)
        down = down or wait_for(client, "/health/ready")
        if down:
            late = f"xebra: not ready after {STARTUP_TIMEOUT_S:.0f} s"
            self._print(f"{late}: {down}. See {self.log_dir}", sys.stderr)
            return EXIT_NOT_READY
        self._print(f"Xebra {version('xebra')} serves at {self._page()}")
        self._print(f"State in {self.state_dir}, logs in {self.log_dir}; press Ctrl-C to stop.")
        self._print((TOKEN if self.token else OPEN) if self.open else KEYS)
        if job is None:
            return 0
        corner_error = show_sample(client, job, self.state_dir / "sample", show=self._print)
        self._print(f"  page          {self._page()}")
        return 0 if corner_error < MAX_ERROR_PX or not self.once else EXIT_NOT_READY

    def _page(self) -> str:
        return f"{self.url}/?token={self.token}" if self.token else f"{self.url}/"

    def _print(self, text: str, stream: TextIO | None = None) -> None:
        print(text, file=stream or sys.stdout, flush=True)


def wait_for(client: httpx.Client, path: str) -> str | None:
    """Return None when a GET of the path succeeds, or the last error after the timeout."""
    end, down = time.monotonic() + STARTUP_TIMEOUT_S, "the API does not answer"
    while time.monotonic() < end:
        try:
            answer = client.get(path)
            if answer.is_success:
                return None
            down = answer.json().get("detail", answer.text)
        except httpx.TransportError:
            pass
        time.sleep(POLL_S)
    return down
