"""Storage settings: environment variables, read when an application starts."""

from pathlib import Path

from pydantic import model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class StorageSettings(BaseSettings):
    """Database and image store, by default both in the state folder."""

    model_config = SettingsConfigDict(env_prefix="XEBRA_", env_ignore_empty=True, extra="ignore")

    state_dir: Path = Path("data")
    database_url: str = ""
    images_url: str = ""
    audit_key_file: Path | None = None  # of the relay, which signs the audit log

    @model_validator(mode="after")
    def use_embedded_backends(self) -> "StorageSettings":
        """Replace empty URLs by SQLite and a folder, both in the state folder."""
        self.state_dir = self.state_dir.absolute()
        self.database_url = self.database_url or f"sqlite:///{self.state_dir / 'xebra.sqlite'}"
        self.images_url = self.images_url or (self.state_dir / "images").as_uri()
        self.audit_key_file = self.audit_key_file or self.state_dir / "audit.key"
        return self
