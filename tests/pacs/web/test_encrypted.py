"""TLS to a DICOMweb server: who it must be, and who we show that we are."""

import ssl
from dataclasses import replace

import pytest
import trustme
from cryptography.hazmat.primitives import serialization as form

from cxr_core.errors import DeliveryError
from cxr_core.pacs.outcome import State
from cxr_core.pacs.web.endpoint import WebEndpoint
from cxr_core.pacs.web.fetching import fetch
from cxr_core.pacs.web.finding import Query, echo, search
from cxr_core.pacs.web.storing import store
from tests.pacs.web.archive import empty, signed_in
from tests.pacs.web.films import film
from tests.pacs.web.servers import Gateway, running, serving


class Authority:
    """One that lives for a test: its certificates as files, and servers that have one of them."""

    def __init__(self, folder, name="authority"):
        self.ca, self.folder, self.name = trustme.CA(), folder, name
        self.bundle = folder / f"{name}.pem"
        self.ca.cert_pem.write_to_path(self.bundle)

    def files(self, *names):
        """Certificate and key for these names."""
        issued = self.ca.issue_cert(*names)
        certificate, key = (self.folder / f"{self.name}-{names[0]}.{kind}" for kind in ("crt", "key"))
        certificate.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(key)
        return certificate, key

    def server(self, *names, clients=None):
        """For a server with these names, which asks for certificates of `clients`, if given."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.files(*names))
        if clients:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(clients.bundle)
        return context


@pytest.fixture
def authority(tmp_path):
    """The hospital's."""
    return Authority(tmp_path)


def none_stored(request):
    return 204, {}, b""


def test_a_server_of_the_named_authority_is_spoken_to(authority):
    with serving(none_stored, authority.server("localhost")) as server:
        echo(WebEndpoint(server.url, ca_bundle=authority.bundle))
    assert server.url.startswith("https://")


def test_a_server_of_another_authority_or_name_is_not(authority, tmp_path):
    other = Authority(tmp_path, "other")
    with serving(none_stored, authority.server("localhost")) as server:
        for bundle in (other.bundle, None):
            with pytest.raises(DeliveryError, match="certificate isn't trusted"):
                echo(WebEndpoint(server.url, ca_bundle=bundle))
    with serving(none_stored, authority.server("pacs.hospital")) as server:
        endpoint = WebEndpoint(server.url, ca_bundle=authority.bundle)
        [outcome] = store(endpoint, [film()])
    assert (outcome.state, server.got) == (State.RETRY, [])
    assert "certificate isn't trusted" in outcome.reason


def test_we_show_who_we_are_where_that_is_asked(authority, tmp_path):
    ours = Authority(tmp_path, "ours")
    certificate, key = ours.files("reader.hospital")
    both = tmp_path / "both.pem"
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    with serving(none_stored, authority.server("localhost", clients=ours)) as server:
        echo(WebEndpoint(server.url, ca_bundle=authority.bundle, certificate=certificate, key=key))
        echo(WebEndpoint(server.url, ca_bundle=authority.bundle, certificate=both))
        with pytest.raises(DeliveryError, match=r"wants another certificate|broke the connection off"):
            echo(WebEndpoint(server.url, ca_bundle=authority.bundle))


def test_a_port_without_encryption_is_told_and_so_is_one_with_it(authority):
    with serving(none_stored) as server, pytest.raises(DeliveryError, match="speaks no TLS"):
        echo(WebEndpoint(server.url.replace("http:", "https:"), ca_bundle=authority.bundle))
    with serving(none_stored, authority.server("localhost")) as server, pytest.raises(DeliveryError):
        echo(WebEndpoint(server.url.replace("https:", "http:")))


def test_an_old_protocol_is_not_spoken(authority):
    context = authority.server("localhost")
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with serving(none_stored, context) as server, pytest.raises(DeliveryError, match="speaks no TLS"):
        echo(WebEndpoint(server.url, ca_bundle=authority.bundle))


def test_a_key_with_a_passphrase_asks_nobody(authority, tmp_path):
    certificate, key = authority.files("reader.hospital")
    private = form.load_pem_private_key(key.read_bytes(), None)
    locked = form.BestAvailableEncryption(b"a passphrase")
    key.write_bytes(private.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, locked))
    with pytest.raises(DeliveryError, match="have no passphrase"):
        echo(WebEndpoint("https://localhost:1/", certificate=certificate, key=key))


def test_an_archive_of_others_takes_finds_and_gives_over_tls(orthanc, authority, tmp_path):
    """Behind a gateway: the Debian package's own HTTPS dies of the first request (1.10.1)."""
    empty(orthanc)
    ours = Authority(tmp_path, "ours")
    certificate, key = ours.files("reader.hospital")
    with running(Gateway(orthanc.http_port, authority.server("localhost", clients=ours))) as gateway:
        endpoint = replace(
            signed_in(orthanc, tmp_path), url=f"https://localhost:{gateway.port}/dicom-web",
            ca_bundle=authority.bundle, certificate=certificate, key=key,
        )  # fmt: skip
        file = film(rows=1000)
        assert store(endpoint, [file])[0].state is State.ACCEPTED
        assert [fetch(endpoint, match) for match in search(endpoint, Query())] == [file]
        with pytest.raises(DeliveryError):
            echo(replace(endpoint, certificate=None, key=None))
