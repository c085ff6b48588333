"""Sessions as the API represents them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from api.times import Time

PATH = "/api/v1/session"


class SignIn(BaseModel):
    """The API key of a sign-in."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(max_length=200, description="An API key created with `xebra admin add-key`.")


class InstrumentSelection(BaseModel):
    """The instrument to select."""

    model_config = ConfigDict(extra="forbid")

    instrument: str = Field(max_length=64)


class Session(BaseModel):
    """The selected instrument and the scopes of a session."""

    instrument: str
    instruments: list[str] = Field(description="All instruments whose API keys were used in this session.")
    scopes: list[str]
    expires_at: Time | None = Field(description="None if the request has an API key.")
