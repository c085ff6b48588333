"""A typed client of the service: ``Client(url, api_key).register(fixed, moving)``; it needs httpx."""

from xebra.client.client import Client
from xebra.client.errors import Failed, Refused, TookTooLong
from xebra.client.labels import Labels
from xebra.client.models import Channels, Image, Job, Mask, Polygon, RegistrationRequest, Setting

__all__ = [
    "Channels",
    "Client",
    "Failed",
    "Image",
    "Job",
    "Labels",
    "Mask",
    "Polygon",
    "Refused",
    "RegistrationRequest",
    "Setting",
    "TookTooLong",
]
