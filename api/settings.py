"""How the front door behaves: read when the app starts, one environment variable each."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ApiSettings(BaseSettings):
    """Limits, and how long a silent part counts as present."""

    model_config = SettingsConfigDict(env_prefix="XEBRA_", env_ignore_empty=True, extra="ignore")

    max_upload_bytes: int = Field(default=2 << 30, gt=0)
    access: Literal["open", "keys"] = "open"
    webhooks_anywhere: bool = False
    max_direct_bytes: int = Field(default=64 << 20, gt=0)
    direct_threads: int = Field(default=2, ge=1)
    stalled_after_seconds: float = Field(default=60, gt=0)
    inference_url: str = ""
    silent_after_seconds: float = Field(default=15, gt=0)
