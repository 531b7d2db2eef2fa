"""Who is behind a reverse proxy: a browser's own address counts where one that is trusted has passed it on."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

SCHEMES = {"http": {"http": "http", "https": "https"}, "websocket": {"http": "ws", "https": "wss"}}


class Proxies:
    """ASGI middleware: X-Forwarded-For and X-Forwarded-Proto of the proxies that CXR_TRUSTED_PROXY names.

    Those of a proxy on this very machine uvicorn has believed before; where another one stands before it, this goes on.
    Whoever it is has one address: IPv4's, where a socket for both writes it as IPv6 has it (::ffff:10.0.0.1).
    """

    def __init__(self, app: ASGIApp, trusted: str = "") -> None:
        self.app = app
        self._networks = [_network(each) for each in trusted.split(",") if each]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, from whom and how it really came."""
        if scope["type"] in SCHEMES and scope.get("client"):
            host, port = scope["client"]
            scope = {**scope, "client": (str(_address(host) or host), port)}
            if self._trusts(host):
                scope.update(self._really(scope, Headers(scope=scope)))
        await self.app(scope, receive, send)

    def _really(self, scope: Scope, headers: Headers) -> dict[str, object]:
        named = [each.strip() for each in ",".join(headers.getlist("x-forwarded-for")).split(",")]
        # Each proxy adds at the end whom it spoke with; what stands before an untrusted one, anybody may have written.
        address = _address(next((each for each in reversed(named) if not self._trusts(each)), named[0]))
        scheme = SCHEMES[scope["type"]].get(headers.get("x-forwarded-proto", ""), scope["scheme"])
        return {"scheme": scheme, **({"client": (str(address), 0)} if address else {})}

    def _trusts(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in network for network in self._networks)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _network(text: str) -> IPv4Network | IPv6Network:
    found = ip_network(text)
    if found.prefixlen >= 96 and (plain := getattr(found.network_address, "ipv4_mapped", None)):
        return ip_network((plain, found.prefixlen - 96))
    return found
