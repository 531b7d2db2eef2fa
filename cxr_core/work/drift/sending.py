"""One message to the host that a setting names, by POST or by mail; what keeps it from there is said with a remedy."""

from __future__ import annotations

import hashlib
import hmac
import json
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from email.message import EmailMessage
from email.utils import formatdate
from http.client import HTTPException, responses
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cxr_core import __version__
from cxr_core.errors import DeliveryError
from cxr_core.pacs.connection import PORTS, TooSlow, connected, http_over
from cxr_core.settings import Settings

PATIENCE_SECONDS = 10
"""For each answer of a host."""
DEADLINE_SECONDS = 30.0
"""For all that a host is sent and answers: one that says a byte now and then would else be listened to for days."""
SIGNATURE = "X-CXR-Signature"
"""The header with `sha256=` and the HMAC of the body, in hex."""
Facts = dict[str, Any]
"""What is told: numbers, days and words of the program; nothing that anybody typed."""


_REMEDIES: tuple[tuple[type[Exception], str], ...] = (
    (ssl.SSLCertVerificationError,
     "its certificate isn't trusted: add the hospital's authority to the system's, or name its file in SSL_CERT_FILE"),
    (ssl.SSLError, "it speaks no TLS that this program takes: check the port, and whether it is encrypted at all"),
    (socket.gaierror, "there is no such host: check its name"),
    (ConnectionRefusedError, "nothing answers at that port: check the port, and that the service runs"),
    (TooSlow, f"it answers too slowly, and isn't done within {DEADLINE_SECONDS:.0f} s: ask whoever runs it"),
    (TimeoutError, f"no answer within {PATIENCE_SECONDS} s: check that it runs, and the firewall in between"),
    (smtplib.SMTPNotSupportedError, "it offers no STARTTLS or no sign-in: say CXR_MAIL_STARTTLS=0 if mail may go there "
     "unencrypted, or leave CXR_MAIL_USER away"),
    (smtplib.SMTPAuthenticationError, "it refuses the user: check CXR_MAIL_USER and CXR_MAIL_PASSWORD"),
    (smtplib.SMTPRecipientsRefused, "it refuses every recipient: check CXR_MAIL_TO"),
    (smtplib.SMTPSenderRefused, "it refuses the sender: check CXR_MAIL_FROM"),
    (UnicodeError, "host, user and password can have plain letters and digits alone: check them"),
)  # fmt: skip


def facts_of(settings: Settings, event: str, at: str, **more: Any) -> Facts:
    """Always the same fields, whatever is told."""
    nothing = dict.fromkeys(
        ("message", "alarm", "scope", "since", "opened_on", "closed_at", "model", "guess", "signals")
    )
    link = f"{settings.site_url.rstrip('/')}/drift" if settings.site_url else None
    return {"event": event, "at": at, **nothing, **more, "link": link}


def by_webhook(settings: Settings, facts: Facts) -> str:
    """POST facts as JSON to the webhook; returns what it answered. Redirects are not followed. Raises DeliveryError."""
    address = urlsplit(settings.webhook_url)
    body = json.dumps(facts, allow_nan=False).encode()
    target = (address.path or "/") + (f"?{address.query}" if address.query else "")
    where = f"the webhook at {address.netloc}"
    with _explained(where):
        status, reason = _post(settings.webhook_url, target, body, _headers(settings, body))
    if not 200 <= status < 300:
        remedy = "name the address that it leads to" if 300 <= status < 400 else "ask whoever runs it"
        raise DeliveryError(f"{where} answers {status} {reason}: check CXR_WEBHOOK_URL, and {remedy}")
    return f"{status} {reason}"


def by_mail(settings: Settings, facts: Facts) -> str:
    """Mail facts as text; returns what became of it. Raises DeliveryError where no recipient was accepted."""
    where = f"the mail server {settings.mail_host}:{settings.mail_port}"
    password = _secret("CXR_MAIL_PASSWORD", settings.mail_password) if settings.mail_password else b""
    with (
        _explained(where),
        connected(settings.mail_host, settings.mail_port, PATIENCE_SECONDS, DEADLINE_SECONDS) as connection,
        _Mail(settings.mail_host, connection) as server,
    ):
        if settings.mail_starttls:
            server.starttls(context=ssl.create_default_context())
        if settings.mail_user:
            server.login(settings.mail_user, password.decode("utf-8"))
        refused = server.send_message(_letter(settings, facts))
    return f"refused for {', '.join(sorted(refused))}: check CXR_MAIL_TO" if refused else "accepted"


def _headers(settings: Settings, body: bytes) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "User-Agent": f"cxr-second-reader/{__version__}"}
    if settings.webhook_secret:
        secret = _secret("CXR_WEBHOOK_SECRET", settings.webhook_secret)
        headers[SIGNATURE] = f"sha256={hmac.new(secret, body, hashlib.sha256).hexdigest()}"
    return headers


def _post(address: str, target: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    """Status and what it means; straight to the host, whatever proxy the environment names."""
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    context = ssl.create_default_context() if parts.scheme == "https" else None
    with (
        connected(host, port, PATIENCE_SECONDS, DEADLINE_SECONDS) as connection,
        closing(http_over(connection, host, port, context)) as over,
    ):
        over.request("POST", target, body, headers)
        status = over.getresponse().status
    return status, responses.get(status, "")


class _Mail(smtplib.SMTP):
    """SMTP over a connection that is there."""

    def __init__(self, host: str, connection: socket.socket) -> None:
        self._connection = connection
        super().__init__(host)

    def connect(self, *where: Any, **more: Any) -> tuple[int, bytes]:
        """What the server says first."""
        self.sock, self.file = self._connection, None
        return self.getreply()


def _letter(settings: Settings, facts: Facts) -> EmailMessage:
    letter = EmailMessage()
    letter["From"], letter["To"] = settings.mail_from, settings.mail_to
    letter["Subject"] = f"CXR Second Reader: {_title(facts)}"
    letter["Date"] = formatdate()
    once = hashlib.sha256(f"{facts['message']} {facts['at']}".encode()).hexdigest()[:32]
    letter["Message-ID"] = f"<{once}@{settings.mail_from.rpartition('@')[2]}>"  # the same where it is sent again
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content("\n".join(_lines(facts)))
    return letter


def _title(facts: Facts) -> str:
    if facts.get("audit_head"):
        return f"The audit chain ends at row {facts['audit_head'].split()[0]}"
    if facts["alarm"] is None:
        return "A test"
    return f"Alarm {facts['alarm']} was {facts['event']}, {_place(facts['scope'])}"


def _lines(facts: Facts) -> Iterator[str]:
    if facts.get("audit_head"):
        yield from ("The audit chain ended so. Keep this: by it you find a chain that was cut off or written anew.", "")
        yield f'python -m cxr_core audit verify --head "{facts["audit_head"]}"'
        return
    if facts["alarm"] is None:
        yield "This is a test: alarms of the drift page would be told here."
        return
    yield f"{_title(facts)}: {facts['guess']}."
    yield f"Since {facts['since']}, noticed on {facts['opened_on']}, with {facts['model']} in use."
    yield ""
    for signal in facts["signals"]:
        place = f"{_place(signal['scope'])}, beside the {signal['beside']}'s reference"
        yield f"- {signal['title']} ({place}): {100 * signal['effect']:.0f} % changed, {signal['state']}"
    if facts["link"]:
        yield from ("", facts["link"])


def _place(scope: dict[str, str]) -> str:
    return f"{scope['kind']} {scope['name']}" if scope["name"] else "the whole site"


def _secret(setting: str, path: Path) -> bytes:
    """What a file holds, without the end of its line. Raises DeliveryError, without the path: it may be the secret."""
    try:
        found = path.read_bytes().strip()
    except OSError as error:
        remedy = "name one that the user who runs this may read"
        raise DeliveryError(f"the file that {setting} names can't be read ({error.strerror}): {remedy}") from error
    if not found:
        raise DeliveryError(f"the file that {setting} names is empty: write the secret into it")
    return found


@contextmanager
def _explained(where: str) -> Iterator[None]:
    """Raises DeliveryError with host and remedy for whatever a network can do to a message."""
    try:
        yield
    except (OSError, HTTPException, UnicodeError) as error:
        raise DeliveryError(f"{where}: {_remedy(error)}") from error


def _remedy(error: Exception) -> str:
    """Of the error, or of that in whose place smtplib raises it."""
    for each in (error, error.__context__):
        if found := next((words for kind, words in _REMEDIES if isinstance(each, kind)), None):
            return found
    return f"{error or type(error).__name__}: ask whoever runs it"
