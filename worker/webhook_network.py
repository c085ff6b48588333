"""Connections of webhooks: to public addresses only (SSRF protection)."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Sequence
from typing import Any

import httpcore

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address

REFUSED = (  # IPv4 addresses in a form that no public host has
    ipaddress.IPv6Network("64:ff9b:1::/48"),  # local-use NAT64, RFC 8215
    ipaddress.IPv6Network("::/96"),  # IPv4-compatible, deprecated
)


class AddressRefused(httpcore.ConnectError):
    """The host resolves to an address that is not public."""


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connect to the very address that was checked, so that a second DNS answer cannot replace it."""

    def __init__(self, anywhere: bool) -> None:
        self._backend, self._anywhere = httpcore.AnyIOBackend(), anywhere

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the address that was checked."""
        address = await self._resolve(host, port)
        return await self._backend.connect_tcp(address, port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        """Sleep between attempts to connect."""
        await asyncio.sleep(seconds)

    async def _resolve(self, host: str, port: int) -> str:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(f"{host} cannot be resolved: {error}") from error
        addresses = [str(entry[4][0]) for entry in found]
        if not self._anywhere:
            check_public(host, addresses)
        return addresses[0]


def check_public(host: str, addresses: Sequence[str]) -> None:
    """Raise ``AddressRefused`` unless all addresses of the host are public."""
    if not all(map(is_public, addresses)):
        raise AddressRefused(f"{host} resolves to an address that is not public")


def is_public(address: str) -> bool:
    """Return whether an address is global, and an IPv4 address that it contains (mapped, 6to4, NAT64) too."""
    outer = ipaddress.ip_address(address.partition("%")[0])
    if any(outer in network for network in REFUSED):
        return False
    inner = _contained(outer) or outer
    return outer.is_global and inner.is_global and not outer.is_multicast


def _contained(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
