"""A server's address and secrets: what can't be is refused before anything goes out."""

import pytest

from cxr_core.errors import DeliveryError, SettingsError
from cxr_core.pacs.web.endpoint import WebEndpoint, authorization

URL = "https://pacs.hospital:8443/dicom-web"


@pytest.fixture
def secret(tmp_path):
    """Writes a secret's file."""

    def write(content=b"hunter2\n", mode=0o600):
        path = tmp_path / "canary-secret"
        path.write_bytes(content)
        path.chmod(mode)
        return path

    return write


@pytest.mark.parametrize(
    "url",
    [
        "", "pacs.hospital/dicom-web", "ftp://pacs.hospital", "https://", "https:///dicom-web", "https://pacs:port/",
        "https://user:hunter2@pacs.hospital/", "https://pacs.hospital/?token=hunter2", "https://pacs.hospital/#hunter2",
        "https://pacs.hospital/a b", "https://pacs.hospital/\r\nX: hunter2", "https://pa\u00e4cs.hospital/", "https://[::1/",
    ],
)  # fmt: skip
def test_what_is_no_plain_address_is_refused_without_repeating_it(url):
    with pytest.raises(SettingsError, match="must be http or https, a host") as caught:
        WebEndpoint(url)
    assert "hunter2" not in str(caught.value)


def test_x_rays_go_unencrypted_only_where_that_is_said_or_to_this_machine():
    with pytest.raises(SettingsError, match=r"pacs\.hospital must be https"):
        WebEndpoint("http://pacs.hospital/dicom-web")
    assert WebEndpoint("http://pacs.hospital/dicom-web", unencrypted=True).name.endswith("pacs.hospital")
    for here in ("localhost", "127.0.0.1:8042", "[::1]:8042"):
        WebEndpoint(f"http://{here}/dicom-web")


def test_half_of_a_sign_in_is_refused(tmp_path):
    for half in (
        {"user": "app"}, {"password_file": tmp_path}, {"user": "a:b", "password_file": tmp_path},
        {"user": "app", "password_file": tmp_path, "token_file": tmp_path},
    ):  # fmt: skip
        with pytest.raises(SettingsError):
            WebEndpoint(URL, **half)


def test_secrets_come_from_files_without_the_end_of_the_line(secret):
    basic = WebEndpoint(URL, user="app", password_file=secret(b"hunter2\r\n"))
    assert authorization(basic) == {"Authorization": "Basic YXBwOmh1bnRlcjI="}
    bearer = WebEndpoint(URL, token_file=secret(b"abc.DEF-1~+/=\n"))
    assert authorization(bearer) == {"Authorization": "Bearer abc.DEF-1~+/="}
    assert authorization(WebEndpoint(URL)) == {}


@pytest.mark.parametrize("mode", [0o604, 0o606, 0o601])
def test_a_secret_that_everybody_may_read_is_not_used(secret, mode):
    with pytest.raises(DeliveryError, match="open to everybody") as caught:
        authorization(WebEndpoint(URL, user="app", password_file=secret(mode=mode)))
    assert "hunter2" not in str(caught.value)


def test_a_secret_that_a_group_may_read_is_used(secret):
    assert authorization(WebEndpoint(URL, user="app", password_file=secret(mode=0o640)))


@pytest.mark.parametrize("content", [b"", b"\n", b"two words", b"line\r\nX: y", b"\xff"])
def test_a_token_that_is_none_is_refused_and_not_repeated(secret, content):
    with pytest.raises(DeliveryError, match="token") as caught:
        authorization(WebEndpoint(URL, token_file=secret(content)))
    assert "words" not in str(caught.value)


def test_a_key_is_no_password(secret):
    with pytest.raises(DeliveryError, match="holds a key or a certificate, which goes nowhere"):
        authorization(WebEndpoint(URL, user="app", password_file=secret(b"-----BEGIN PRIVATE KEY-----\nMC4C\n")))


def test_a_secret_that_is_missing_is_told_without_its_path(tmp_path):
    endpoint = WebEndpoint(URL, user="app", password_file=tmp_path / "hunter2")
    with pytest.raises(DeliveryError, match="can't be read") as caught:
        authorization(endpoint)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(caught.value.args)
