"""Files of certificates that can't be used are refused with their names; those that can are held to the profile."""

import ssl

import pytest

from cxr_core.errors import SettingsError
from cxr_core.pacs.tls import Tls, client_context, server_context


@pytest.fixture(params=[server_context, client_context])
def context(request):
    return request.param


def test_a_context_takes_new_versions_and_forward_secrecy_only(context, authority):
    found = context(authority.issue())
    assert found.minimum_version == ssl.TLSVersion.TLSv1_2
    assert found.verify_mode == ssl.CERT_REQUIRED
    assert all(each["protocol"] == "TLSv1.3" or "ECDHE" in each["name"] for each in found.get_ciphers())
    assert all(each["aead"] for each in found.get_ciphers())


def test_a_host_must_be_the_one_that_its_certificate_names(authority):
    assert client_context(authority.issue()).check_hostname


def test_a_file_that_is_not_there_is_named(context, authority, tmp_path):
    missing, files = tmp_path / "missing.pem", authority.issue()
    for broken in (
        Tls(missing, files.key, files.authority),
        Tls(files.certificate, missing, files.authority),
        Tls(files.certificate, files.key, missing),
    ):
        with pytest.raises(SettingsError, match=r"missing\.pem.*can't be read.*name a file"):
            context(broken)


def test_a_file_without_certificates_is_named(context, authority, tmp_path):
    (tmp_path / "empty.pem").write_text("nothing\n")
    files = authority.issue()
    with pytest.raises(SettingsError, match=r"empty\.pem holds no certificate"):
        context(Tls(files.certificate, files.key, tmp_path / "empty.pem"))


def test_a_file_without_a_key_is_named_but_not_read_out(context, authority, tmp_path):
    files = authority.issue()
    (tmp_path / "half.pem").write_text("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n")
    with pytest.raises(SettingsError, match=r"half\.pem") as refused:
        context(Tls(files.certificate, tmp_path / "half.pem", files.authority))
    assert "c2VjcmV0" not in str(refused.value)


def test_a_key_of_another_certificate_is_refused(context, authority):
    files, others = authority.issue(), authority.issue()
    with pytest.raises(SettingsError, match="isn't the key of"):
        context(Tls(files.certificate, others.key, files.authority))


def test_a_key_with_a_password_is_refused_and_nobody_is_asked_for_it(context, authority, tmp_path):
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        PrivateFormat,
        load_pem_private_key,
    )

    files = authority.issue()
    key = load_pem_private_key(files.key.read_bytes(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"a password"))
    (tmp_path / "locked.pem").write_bytes(locked)
    with pytest.raises(SettingsError, match=r"locked\.pem has a password"):
        context(Tls(files.certificate, tmp_path / "locked.pem", files.authority))
