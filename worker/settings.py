"""How the workers run: read when one starts, one environment variable each."""

import os
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class WorkerSettings(BaseSettings):
    """Broker, network and processes; empty URLs mean what Xebra brings itself."""

    model_config = SettingsConfigDict(env_prefix="XEBRA_", env_ignore_empty=True, extra="ignore")

    broker_url: str = ""
    inference_url: str = ""
    lease_seconds: float = Field(default=30, gt=0)
    worker_processes: int = Field(default_factory=lambda: min(2, os.cpu_count() or 1), ge=1)
    webhooks_anywhere: bool = False  # http, and addresses inside the facility
    keep_days: float = Field(default=0, ge=0)  # results and uploads; 0: for ever
    access: Literal["open", "keys"] = "open"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
