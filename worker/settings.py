"""Settings of the workers, the relay and ``xebra serve``: environment variables, read at the start."""

import os
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class WorkerSettings(BaseSettings):
    """Broker, inference and processes; an empty URL selects the embedded backend."""

    model_config = SettingsConfigDict(env_prefix="XEBRA_", env_ignore_empty=True, extra="ignore")

    broker_url: str = ""
    inference_url: str = ""
    lease_seconds: float = Field(default=30, gt=0)
    worker_processes: int = Field(default_factory=lambda: min(2, os.cpu_count() or 1), ge=1)
    webhooks_anywhere: bool = False  # allow http and private addresses
    keep_days: float = Field(default=0, ge=0)  # retention time of results and uploads; 0: unlimited
    # who runs adaptations: workers of their queue, or a process that the relay starts
    adaptation: Literal["queue", "relay"] = "queue"
    access: Literal["open", "keys"] = "open"
    token: str = ""  # that an open service requires; created where others can reach it
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
