"""Settings of the API: environment variables, read when the app starts."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ApiSettings(BaseSettings):
    """Limits, access mode and timeouts."""

    model_config = SettingsConfigDict(env_prefix="XEBRA_", env_ignore_empty=True, extra="ignore")

    max_upload_bytes: int = Field(default=2 << 30, gt=0)
    access: Literal["open", "keys"] = "open"
    host: str = "127.0.0.1"  # of `xebra serve`
    token: str = ""  # that an open service requires
    allowed_hosts: str = ""  # names in the Host header, separated by commas
    max_streams: int = Field(default=1000, ge=1)  # event streams of this process
    max_batch_jobs_per_minute: int = Field(default=20_000, ge=0)  # of an instrument; 0: unlimited
    max_streams_per_key: int = Field(default=100, ge=1)
    webhooks_anywhere: bool = False
    max_direct_bytes: int = Field(default=64 << 20, gt=0)
    decode_seconds: float = Field(default=60, gt=0)  # time limit of one upload's decoding
    decode_wait_seconds: float = Field(default=30, gt=0)  # for a free decoder
    direct_threads: int = Field(default=2, ge=1)
    series_threads: int = Field(default=2, ge=1)  # frames of different series at the same time
    stalled_after_seconds: float = Field(default=60, gt=0)
    broker_url: str = ""  # counts the requests of all API processes for the rate limits
    inference_url: str = ""
    keep_days: float = Field(default=0, ge=0)  # retention time, as the service describes it; 0: unlimited
    silent_after_seconds: float = Field(default=15, gt=0)
