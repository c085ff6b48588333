"""What ``xebra serve`` says once the service is ready, and the sample pair that it may register."""

from __future__ import annotations

import argparse
import sys
import threading
import time
from importlib.metadata import version

import httpx

from db.settings import StorageSettings
from worker.sample import FITS_PX, show_sample, submit_sample
from worker.settings import WorkerSettings
from worker.supervisor import Supervisor

READY_WITHIN_S = 180.0  # a busy machine may need a minute to start all parts
ASK_AGAIN_S = 0.1
NOT_READY = 1
OPEN = "Open to everybody who reaches it, as the one instrument 'local'; XEBRA_ACCESS=keys asks for API keys."
KEYS = "It asks for API keys: xebra admin --help. (So the sample pair is left out.)"


class Greeting:
    """A thread beside the supervisor: waits for the service, greets, registers the sample pair if asked."""

    def __init__(
        self,
        url: str,
        storage: StorageSettings,
        settings: WorkerSettings,
        supervisor: Supervisor,
        arguments: argparse.Namespace,
    ) -> None:
        self.url, self.state_dir, self.log_dir = url, storage.state_dir, supervisor.log_dir
        self.open, self.once = settings.access == "open", arguments.once
        self.sample = self.open and (arguments.sample or arguments.once)
        self.exit_code = 0
        self._over = threading.Event()

    @property
    def was_all(self) -> bool:
        """True once nothing more is to be done."""
        return self._over.is_set()

    def start(self) -> None:
        threading.Thread(target=self._run, name="greeting", daemon=True).start()

    def _run(self) -> None:
        try:
            # no proxy of the environment's: it would not find this machine's own service
            with httpx.Client(base_url=self.url, timeout=30, trust_env=False) as client:
                self.exit_code = self._greet(client)
        except Exception as error:
            what = "the sample pair could not be registered" if self.sample else "the service does not answer"
            self._say(f"xebra: {what}: {error}", sys.stderr)
            self.exit_code = NOT_READY
        if self.once:
            self._over.set()

    def _greet(self, client: httpx.Client) -> int:
        down = wait_for(client, "/health/live")
        if not down and self.sample:  # the job waits for its worker, so nobody else has to
            job = submit_sample(client)
        down = down or wait_for(client, "/health/ready")
        if down:
            late = f"xebra: not ready after {READY_WITHIN_S:.0f} s"
            self._say(f"{late}: {down}. See {self.log_dir}", sys.stderr)
            return NOT_READY
        self._say(f"Xebra {version('xebra')} serves at {self.url}")
        self._say(f"State in {self.state_dir}, logs in {self.log_dir}; Ctrl-C stops.")
        self._say(OPEN if self.open else KEYS)
        if not self.sample:
            return 0
        corner_error = show_sample(client, job, self.state_dir / "sample", say=self._say)
        self._say(f"  page          {self.url}/")
        return 0 if corner_error < FITS_PX or not self.once else NOT_READY

    def _say(self, words: str, stream=None) -> None:
        print(words, file=stream or sys.stdout, flush=True)


def wait_for(client: httpx.Client, path: str) -> str | None:
    """None once the service says yes there; what it says instead if it does not do so in time."""
    end, down = time.monotonic() + READY_WITHIN_S, "the API does not answer"
    while time.monotonic() < end:
        try:
            answer = client.get(path)
            if answer.is_success:
                return None
            down = answer.json().get("detail", answer.text)
        except httpx.TransportError:
            pass
        time.sleep(ASK_AGAIN_S)
    return down
