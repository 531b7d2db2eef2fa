"""An OpenID Connect provider on loopback whose answers a test can spoil; it lets everybody in and asks nobody."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT = "cxr"
KNOWN, UNKNOWN = (RSAKey.generate_key(2048, {"kid": "1", "alg": "RS256"}) for _ in range(2))


class OddProvider:
    """What it says of the next person: `claims` and `metadata` put things in or (None) leave them out."""

    def __init__(self, url):
        self.url, self.asked = url, []
        self.claims, self.metadata, self.key = {}, {}, KNOWN
        self.unsigned = self.refuses = False

    def answer(self, path, form):
        """JSON for a path; the code is what the program sent as nonce, and what it must prove itself with."""
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            return 200, self._about()
        if path == "/jwks":
            return 200, {"keys": [KNOWN.as_dict(private=False)]}
        nonce, challenge = form["code"].split(" ")
        assert _base64url(hashlib.sha256(form["code_verifier"].encode()).digest()) == challenge
        if self.refuses:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "a", "token_type": "Bearer", "id_token": self._token(nonce)}

    def _about(self):
        about = {
            "issuer": self.url, "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token", "jwks_uri": f"{self.url}/jwks",
            "end_session_endpoint": f"{self.url}/out?a=b", "id_token_signing_alg_values_supported": ["RS256"],
        }  # fmt: skip
        return _without_none({**about, **self.metadata})

    def _token(self, nonce):
        now = int(time.time())
        claims = {
            "iss": self.url, "sub": "1001", "aud": CLIENT, "iat": now, "exp": now + 60, "nonce": nonce,
            "preferred_username": "ann", "roles": ["radiology"],
        }  # fmt: skip
        said = _without_none({**claims, **self.claims})
        if self.unsigned:
            parts = ({"alg": "none"}, said)
            return (
                ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
                + "."
            )
        return jwt.encode({"alg": "RS256", "kid": "1"}, said, self.key)


def _base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _without_none(values):
    return {name: value for name, value in values.items() if value is not None}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        status, said = self.server.provider.answer(self.path, form)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())

    do_POST = do_GET

    def log_message(self, *_):
        """Nobody reads it."""


@contextmanager
def running():
    """The provider at a free port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.provider = OddProvider(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
