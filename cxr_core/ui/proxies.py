"""Who is behind a reverse proxy: a browser's own address counts where one that is trusted has passed it on."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

SCHEMES = {"http": {"http": "http", "https": "https"}, "websocket": {"http": "ws", "https": "wss"}}


class Proxies:
    """ASGI middleware: X-Forwarded-For and X-Forwarded-Proto of the proxies that CXR_TRUSTED_PROXY names.

    Those of a proxy on this very machine uvicorn has believed before; where another one stands before it, this goes on.
    """

    def __init__(self, app: ASGIApp, trusted: str = "") -> None:
        self.app = app
        self._networks = [ip_network(each) for each in trusted.split(",") if each]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, from whom and how it really came."""
        if scope["type"] in SCHEMES and self._trusts(scope["client"][0] if scope.get("client") else ""):
            headers = Headers(scope=scope)
            scope = {**scope, **self._really(scope, headers)}
        await self.app(scope, receive, send)

    def _really(self, scope: Scope, headers: Headers) -> dict[str, object]:
        named = [each.strip() for each in ",".join(headers.getlist("x-forwarded-for")).split(",")]
        # Each proxy adds at the end whom it spoke with; what stands before an untrusted one, anybody may have written.
        address = next((each for each in reversed(named) if not self._trusts(each)), named[0])
        scheme = SCHEMES[scope["type"]].get(headers.get("x-forwarded-proto", ""), scope["scheme"])
        return {"scheme": scheme, **({"client": (address, 0)} if _is_address(address) else {})}

    def _trusts(self, address: str) -> bool:
        return _is_address(address) and any(ip_address(address) in network for network in self._networks)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
