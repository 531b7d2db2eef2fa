"""TLS to a DICOMweb server: who it must be, by the system's authorities or those that SSL_CERT_FILE names."""

import ssl
from contextlib import contextmanager
from dataclasses import replace

import pytest
import trustme

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

    @contextmanager
    def trusted(self):
        """As an admin has the program trust it."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SSL_CERT_FILE", str(self.bundle))
            yield


@pytest.fixture
def authority(tmp_path):
    """The hospital's."""
    return Authority(tmp_path)


def none_stored(request):
    return 204, {}, b""


def test_a_server_of_the_named_authority_is_spoken_to(authority):
    with serving(none_stored, authority.server("localhost")) as server, authority.trusted():
        echo(WebEndpoint(server.url))
    assert server.url.startswith("https://")


def test_a_server_of_another_authority_or_name_is_not(authority, tmp_path):
    other = Authority(tmp_path, "other")
    with serving(none_stored, authority.server("localhost")) as server:
        with other.trusted(), pytest.raises(DeliveryError, match=r"certificate isn't trusted: .* SSL_CERT_FILE"):
            echo(WebEndpoint(server.url))
        with pytest.raises(DeliveryError, match="certificate isn't trusted"):
            echo(WebEndpoint(server.url))
    with serving(none_stored, authority.server("pacs.hospital")) as server, authority.trusted():
        [outcome] = store(WebEndpoint(server.url), [film()])
    assert (outcome.state, server.got) == (State.RETRY, [])
    assert "certificate isn't trusted" in outcome.reason


def test_one_that_asks_who_we_are_is_told_of(authority, tmp_path):
    ours = Authority(tmp_path, "ours")
    with (
        serving(none_stored, authority.server("localhost", clients=ours)) as server,
        authority.trusted(),
        pytest.raises(DeliveryError, match=r"asks for a certificate|broke the connection off"),
    ):
        echo(WebEndpoint(server.url))


def test_a_port_without_encryption_is_told_and_so_is_one_with_it(authority):
    with serving(none_stored) as server, pytest.raises(DeliveryError, match="speaks no TLS"):
        echo(WebEndpoint(server.url.replace("http:", "https:")))
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
        echo(WebEndpoint(server.url))


def test_an_archive_of_others_takes_finds_and_gives_over_tls(orthanc, authority, tmp_path):
    """Behind a gateway: the Debian package's own HTTPS dies of the first request (1.10.1)."""
    empty(orthanc)
    with running(Gateway(orthanc.http_port, authority.server("localhost"))) as gateway, authority.trusted():
        endpoint = replace(signed_in(orthanc, tmp_path), url=f"https://localhost:{gateway.port}/dicom-web")
        file = film(rows=1000)
        assert store(endpoint, [file])[0].state is State.ACCEPTED
        assert [fetch(endpoint, match) for match in search(endpoint, Query())] == [file]
