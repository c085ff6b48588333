"""Who is signed in, as the API writes it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from api.times import Time

PATH = "/api/v1/session"


class SignIn(BaseModel):
    """What a person shows once."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(max_length=200, description="An API key of `xebra admin add-key`.")


class Choice(BaseModel):
    """Which of the session's instruments is meant from now on."""

    model_config = ConfigDict(extra="forbid")

    instrument: str = Field(max_length=64)


class SignedIn(BaseModel):
    """For which instrument requests are answered, and what they may do."""

    instrument: str
    instruments: list[str] = Field(description="All whose keys were shown in this session.")
    scopes: list[str]
    expires_at: Time | None = Field(description="None for requests that show a key themselves.")
