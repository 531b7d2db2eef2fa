"""What reaches a host and what doesn't, over real sockets: signed, encrypted, led nowhere else, and said plainly."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from cxr_core.errors import DeliveryError
from cxr_core.settings import Settings
from cxr_core.work.drift import sending
from tests.debian import program
from tests.work.hosts import Dribbling, MailServer, Webhook, serving

FACTS = {
    "event": "opened", "at": "2026-01-05T12:00:00+00:00", "message": 4, "alarm": 3,
    "scope": {"kind": "device", "name": "d1"}, "since": "2026-01-04", "opened_on": "2026-01-05", "closed_at": None,
    "model": "first", "guess": "inverted pictures", "link": "https://cxr.hospital/drift",
    "signals": [{"name": "mean", "title": "Average brightness", "scope": {"kind": "site", "name": ""},
                 "beside": "site", "effect": 0.287, "state": "alarm"}],
}  # fmt: skip


@pytest.fixture
def webhook():
    with serving(Webhook()) as server:
        yield server


@pytest.fixture
def mail():
    with serving(MailServer()) as server:
        yield server


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for localhost that nobody trusts yet, with its key in the same file."""
    path = tmp_path_factory.mktemp("tls") / "host.pem"
    subprocess.run(
        [program("openssl", "openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", path, "-out", f"{path}.crt"],
        check=True, capture_output=True,
    )  # fmt: skip
    path.write_bytes(path.read_bytes() + path.with_name("host.pem.crt").read_bytes())
    return path


def encrypted(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def by_mail(mail, **more):
    return Settings(mail_port=mail.port, mail_from="cxr@hospital.example",
                    mail_to="ward@hospital.example, physics@hospital.example",
                    **{"mail_host": "localhost", "mail_starttls": False, **more})  # fmt: skip


def test_a_webhook_gets_json_by_post_at_the_address_that_was_named(webhook):
    assert sending.by_webhook(Settings(webhook_url=webhook.url), FACTS) == "200 OK"
    ((path, headers, _),) = webhook.got
    assert (path, headers["Content-Type"]) == ("/hook?to=drift", "application/json")
    assert webhook.bodies == [FACTS]
    assert sending.SIGNATURE not in headers


def test_a_secret_signs_what_is_sent(webhook, tmp_path):
    (tmp_path / "secret").write_text("of the webhook\n")
    sending.by_webhook(Settings(webhook_url=webhook.url, webhook_secret=tmp_path / "secret"), FACTS)
    ((_, headers, body),) = webhook.got
    assert headers[sending.SIGNATURE] == f"sha256={hmac.new(b'of the webhook', body, hashlib.sha256).hexdigest()}"


@pytest.mark.parametrize(("content", "why"), [("", "is empty"), (None, "can't be read")])
def test_without_its_secret_nothing_is_sent_unsigned(webhook, tmp_path, content, why):
    if content is not None:
        (tmp_path / "secret").write_text(content)
    with pytest.raises(DeliveryError, match=f"the file that CXR_WEBHOOK_SECRET names {why}"):
        sending.by_webhook(Settings(webhook_url=webhook.url, webhook_secret=tmp_path / "secret"), FACTS)
    assert webhook.got == []


def test_a_password_in_place_of_its_file_is_not_told(mail):
    settings = by_mail(mail, mail_user="cxr", mail_password=Path("hunter2"))
    with pytest.raises(DeliveryError, match="the file that CXR_MAIL_PASSWORD names can't be read") as wrong:
        sending.by_mail(settings, FACTS)
    assert "hunter2" not in str(wrong.value)
    assert mail.said == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(webhook, status):
    with serving(Webhook()) as elsewhere:
        webhook.answers, webhook.location = [status], elsewhere.url
        with pytest.raises(DeliveryError, match=f"answers {status} .*name the address that it leads to"):
            sending.by_webhook(Settings(webhook_url=webhook.url), FACTS)
        assert elsewhere.got == []


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_what_a_webhook_refuses_is_said_with_its_host_and_without_the_rest_of_its_address(webhook, status):
    webhook.answers = [status]
    with pytest.raises(DeliveryError) as wrong:
        sending.by_webhook(Settings(webhook_url=webhook.url), FACTS)
    assert f"the webhook at 127.0.0.1:{webhook.server_port} answers {status}" in str(wrong.value)
    assert "to=drift" not in str(wrong.value)


def test_a_proxy_of_the_environment_gets_nothing(webhook, monkeypatch):
    with serving(Webhook()) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.server_port}")
        sending.by_webhook(Settings(webhook_url=webhook.url), FACTS)
        assert (len(webhook.got), proxy.got) == (1, [])


def nobody_there():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def test_a_host_that_is_not_there_is_named_with_the_remedy():
    port = nobody_there()
    with pytest.raises(DeliveryError, match=f"127.0.0.1:{port}: nothing answers at that port: check the port"):
        sending.by_webhook(Settings(webhook_url=f"http://127.0.0.1:{port}"), FACTS)
    settings = Settings(mail_host="no-such-host.invalid", mail_from="a@b", mail_to="c@d")
    with pytest.raises(DeliveryError, match=r"the mail server no-such-host.invalid:587: there is no such host"):
        sending.by_mail(settings, FACTS)


def test_a_host_that_never_answers_is_given_up(monkeypatch):
    monkeypatch.setattr(sending, "PATIENCE_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(DeliveryError, match="no answer within"):
            sending.by_webhook(Settings(webhook_url=f"http://127.0.0.1:{port}"), FACTS)
        with pytest.raises(DeliveryError, match="no answer within"):
            sending.by_mail(Settings(mail_host="127.0.0.1", mail_port=port, mail_from="a@b", mail_to="c@d"), FACTS)


HEADERS = b"HTTP/1.1 200 OK\r\nX-Slow: "


@pytest.mark.parametrize("beginning", [b"", HEADERS])
def test_a_webhook_that_answers_a_byte_at_a_time_is_given_up(monkeypatch, beginning):
    monkeypatch.setattr(sending, "DEADLINE_SECONDS", 0.2)
    with serving(Dribbling(beginning)) as host, pytest.raises(DeliveryError, match="it answers too slowly"):
        sending.by_webhook(Settings(webhook_url=f"http://127.0.0.1:{host.port}"), FACTS)


def test_an_encrypted_webhook_that_answers_a_byte_at_a_time_is_given_up(certificate, monkeypatch):
    monkeypatch.setattr(sending, "DEADLINE_SECONDS", 0.2)
    monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
    with serving(Dribbling(HEADERS)) as host:
        host.socket = encrypted(certificate).wrap_socket(host.socket, server_side=True)
        with pytest.raises(DeliveryError, match="it answers too slowly"):
            sending.by_webhook(Settings(webhook_url=f"https://localhost:{host.port}"), FACTS)


@pytest.mark.parametrize("beginning", [b"", b"220 a test\r\n250-"])
def test_a_mail_server_that_answers_a_byte_at_a_time_is_given_up(monkeypatch, beginning):
    monkeypatch.setattr(sending, "DEADLINE_SECONDS", 0.2)
    with serving(Dribbling(beginning)) as host, pytest.raises(DeliveryError, match="it answers too slowly"):
        sending.by_mail(by_mail(host, mail_host="127.0.0.1"), FACTS)


def test_an_address_of_ipv6_needs_no_port(monkeypatch):
    with serving(Webhook("::1")) as webhook:
        monkeypatch.setitem(sending.PORTS, "http", webhook.server_port)
        assert sending.by_webhook(Settings(webhook_url="http://[::1]/hook"), FACTS) == "200 OK"
    ((path, headers, _),) = webhook.got
    assert (path, headers["Host"]) == ("/hook", f"[::1]:{webhook.server_port}")


def test_a_host_whose_certificate_is_not_trusted_gets_nothing_until_it_is(webhook, certificate, monkeypatch):
    webhook.socket = encrypted(certificate).wrap_socket(webhook.socket, server_side=True)
    settings = Settings(webhook_url=f"https://localhost:{webhook.server_port}/hook")
    with pytest.raises(DeliveryError, match=r"its certificate isn't trusted: .* SSL_CERT_FILE"):
        sending.by_webhook(settings, FACTS)
    assert webhook.got == []
    monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
    assert sending.by_webhook(settings, FACTS) == "200 OK"
    with pytest.raises(DeliveryError, match="certificate isn't trusted"):
        sending.by_webhook(Settings(webhook_url=f"https://127.0.0.1:{webhook.server_port}/hook"), FACTS)


def test_https_to_a_host_that_speaks_http_is_said(webhook):
    with pytest.raises(DeliveryError, match="no TLS"):
        sending.by_webhook(Settings(webhook_url=webhook.url.replace("http", "https")), FACTS)


def test_mail_is_plain_text_to_everybody_that_was_named(mail):
    assert sending.by_mail(by_mail(mail), FACTS) == "accepted"
    (letter,) = mail.letters
    assert letter["Subject"] == "CXR Second Reader: Alarm 3 was opened, device d1"
    assert letter["To"] == "ward@hospital.example, physics@hospital.example"
    assert (letter["From"], letter["Auto-Submitted"]) == ("cxr@hospital.example", "auto-generated")
    assert letter.get_content().splitlines() == [
        "Alarm 3 was opened, device d1: inverted pictures.",
        "Since 2026-01-04, noticed on 2026-01-05, with first in use.",
        "",
        "- Average brightness (the whole site, beside the site's reference): 29 % changed, alarm",
        "",
        "https://cxr.hospital/drift",
    ]
    assert [line for line in mail.said if line.startswith("rcpt")] == [
        "rcpt TO:<ward@hospital.example>", "rcpt TO:<physics@hospital.example>",
    ]  # fmt: skip


def test_mail_that_is_sent_again_is_known_again(mail):
    for _ in range(2):
        sending.by_mail(by_mail(mail), FACTS)
    sending.by_mail(by_mail(mail), {**FACTS, "message": 5})
    first, again, other = (letter["Message-ID"] for letter in mail.letters)
    assert first == again != other


def test_whom_a_mail_server_refuses_is_said(mail):
    mail.refuses = {"physics"}
    assert "refused for physics@hospital.example: check CXR_MAIL_TO" in sending.by_mail(by_mail(mail), FACTS)
    assert len(mail.letters) == 1
    mail.refuses = {"physics", "ward"}
    with pytest.raises(DeliveryError, match="it refuses every recipient: check CXR_MAIL_TO"):
        sending.by_mail(by_mail(mail), FACTS)


def test_mail_goes_unencrypted_only_where_that_was_said(mail):
    with pytest.raises(DeliveryError, match=r"offers no STARTTLS.*CXR_MAIL_STARTTLS=0"):
        sending.by_mail(by_mail(mail, mail_starttls=True), FACTS)
    assert mail.letters == []


def test_mail_goes_encrypted_with_a_password_from_a_file(certificate, monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
    (tmp_path / "password").write_text("pass word\n")
    plain = base64.b64encode(b"\0cxr\0pass word").decode()
    with serving(MailServer(encrypted(certificate), plain)) as mail:
        known = {"mail_starttls": True, "mail_user": "cxr", "mail_password": tmp_path / "password"}
        assert sending.by_mail(by_mail(mail, **known), FACTS) == "accepted"
        assert mail.said.index("STARTTLS") < mail.said.index(f"AUTH PLAIN {plain}")
        (tmp_path / "password").write_text("another")
        with pytest.raises(DeliveryError, match="it refuses the user: check CXR_MAIL_USER"):
            sending.by_mail(by_mail(mail, **known), FACTS)
        (tmp_path / "password").write_text("pässword")
        with pytest.raises(DeliveryError, match="plain letters"):
            sending.by_mail(by_mail(mail, **known), FACTS)
        assert len(mail.letters) == 1


def test_mail_to_a_server_that_nobody_trusts_does_not_go(certificate):
    with serving(MailServer(encrypted(certificate))) as mail:
        with pytest.raises(DeliveryError, match="its certificate isn't trusted"):
            sending.by_mail(by_mail(mail, mail_starttls=True), FACTS)
        assert mail.letters == []
