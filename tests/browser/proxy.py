"""The real nginx with the configuration that is shipped, on free ports and with a certificate of a test's own."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import trustme

from tests.browser.app import ROOT, START_SECONDS, App, free_port
from tests.debian import program

WHOLE = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxied;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/cxr.conf;
}}
"""


@dataclass(frozen=True)
class Proxy:
    """A running proxy."""

    port: int
    plain_port: int
    folder: Path
    authority: ssl.SSLContext

    @property
    def url(self) -> str:
        """Where the app is behind it."""
        return f"https://localhost:{self.port}"


@contextmanager
def running_proxy(folder: Path, app: App, allowed: str) -> Iterator[Proxy]:
    """nginx in front of `app`; what differs from what is shipped are ports, paths, the name, and one more address."""
    nginx = program("nginx", "nginx-light")
    authority, trusted = trustme.CA(), ssl.create_default_context()
    authority.configure_trust(trusted)
    proxy = Proxy(free_port(), free_port(), folder, trusted)
    _write(proxy, app, allowed, authority.issue_cert("localhost"))
    command = [nginx, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        _wait_until_open(proxy.port, process)
        yield proxy
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _write(proxy: Proxy, app: App, allowed: str, certificate: trustme.LeafCert) -> None:
    certificate.cert_chain_pems[0].write_to_path(proxy.folder / "cxr.crt")
    certificate.private_key_pem.write_to_path(proxy.folder / "cxr.key")
    shipped = (ROOT / "deploy" / "nginx" / "cxr.conf").read_text(encoding="utf-8")
    changes = {
        r"listen \[::\].*": "", r"listen 80\b": f"listen 127.0.0.1:{proxy.plain_port}",
        r"listen 443\b": f"listen 127.0.0.1:{proxy.port}", r"cxr\.hospital\.example": "localhost",
        r"https://\$host\$request_uri": f"https://$host:{proxy.port}$request_uri",
        r"127\.0\.0\.1:8501": urlsplit(app.url).netloc.replace("localhost", "127.0.0.1"),
        r"/etc/nginx/|/var/log/nginx/": f"{proxy.folder}/",
    }  # fmt: skip
    for old, new in changes.items():
        shipped, count = re.subn(old, new, shipped)
        assert count, f"the configuration has no {old}"
    (proxy.folder / "cxr.conf").write_text(shipped, encoding="utf-8")
    networks = f"allow {allowed};\n" + (ROOT / "deploy" / "nginx" / "networks.conf").read_text(encoding="utf-8")
    (proxy.folder / "cxr-networks.conf").write_text(networks, encoding="utf-8")
    (proxy.folder / "nginx.conf").write_text(WHOLE.format(folder=proxy.folder), encoding="utf-8")


def _wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"nginx ended at once, with status {process.returncode}")
        with socket.socket() as caller:
            if caller.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nginx did not start within {START_SECONDS} s")
