"""Behind the nginx that is shipped: TLS, headers, socket, uploads, and who counts as whom."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from cxr_core.dicom.phantoms.phantom import Phantom
from cxr_core.records import Role
from cxr_core.ui.guard import HEADERS
from cxr_core.ui.throttle import NAME
from cxr_core.work import people
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import connecting
from cxr_core.work.opening import open_home
from cxr_core.work.privacy import identity
from cxr_core.work.reading_room import reviewing
from tests.browser import steps
from tests.browser.app import App, new_page, running_app
from tests.browser.proxy import Proxy, running_proxy
from tests.store.rows import MISTYPED

PASSWORD = "a long password"
OTHER, STRANGER = "127.0.0.2", "127.0.0.9"
"""Addresses of this machine that stand for another reader's, and for one outside of the department."""
BUSY, IMPATIENT = "127.0.0.4", "127.0.0.5"
"""Where more is asked than one address may, so that the others' share is left to them."""
AT_ONCE = 64
"""What one address may have open, as it is shipped."""
TYPE = 'multipart/related; type="application/dicom"; boundary=b'


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app on a home with two readers."""
    home = tmp_path_factory.mktemp("proxied") / "home"
    open_home(home)
    for name in ("ann", "bob"):
        people.add_user(home, COMMAND_LINE, name, Role.RADIOLOGIST, PASSWORD)
    with running_app(home, CXR_THREADS="1", CXR_FREE_MB="0", CXR_IDENTITY_KEY=str(home.parent / "site.key")) as started:
        yield started


@pytest.fixture(scope="module")
def proxy(app: App, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """nginx in front of it."""
    with running_proxy(tmp_path_factory.mktemp("nginx"), app, allowed="127.0.0.2/31;\nallow 127.0.0.4/31") as started:
        yield started


def client(proxy: Proxy, address: str = "127.0.0.1") -> httpx.Client:
    """A browser at an address."""
    way = httpx.HTTPTransport(verify=proxy.authority, local_address=address)
    return httpx.Client(base_url=proxy.url, transport=way, timeout=60)


def sign_in(visitor: httpx.Client, password: str = PASSWORD, name: str = "ann", **headers: str) -> httpx.Response:
    return visitor.post("/sign-in", data={"name": name, "password": password}, headers=headers)


def test_who_comes_without_tls_is_sent_on(proxy: Proxy) -> None:
    answer = httpx.get(f"http://localhost:{proxy.plain_port}/review?image=1")
    assert (answer.status_code, answer.headers["location"]) == (308, f"{proxy.url}/review?image=1")


def test_another_name_gets_no_handshake(proxy: Proxy) -> None:
    with pytest.raises(httpx.ConnectError), httpx.Client(verify=proxy.authority) as visitor:
        visitor.get(proxy.url, extensions={"sni_hostname": "evil.example"})


def test_from_outside_of_the_department_nobody_gets_in(proxy: Proxy) -> None:
    with client(proxy, STRANGER) as stranger:
        assert stranger.get("/healthz", headers={"X-Forwarded-For": "10.0.0.1"}).status_code == 403


def test_every_header_is_there_once_and_browsers_are_told_to_stay_with_tls(proxy: Proxy) -> None:
    with client(proxy) as visitor:
        answer = visitor.get("/sign-in")
    assert answer.http_version == "HTTP/1.1"
    for name, value in {**HEADERS, "Strict-Transport-Security": "max-age=31536000"}.items():
        assert answer.headers.get_list(name) == [answer.headers[name]]
        assert name == "Content-Security-Policy" or answer.headers[name] == value
    assert "nginx/" not in answer.headers["server"]


def test_the_cookie_goes_over_tls_alone_and_the_redirect_stays_behind_the_proxy(proxy: Proxy) -> None:
    with client(proxy) as visitor:
        answer = sign_in(visitor, Origin=proxy.url)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert {"secure", "httponly"} <= {part.strip().lower() for part in answer.headers["set-cookie"].split(";")}


@pytest.mark.parametrize("forwarded", [{}, {"X-Forwarded-For": "127.0.0.1"}, {"Forwarded": "for=127.0.0.1"}])
def test_through_the_proxy_nobody_counts_as_on_the_machine(proxy: Proxy, forwarded: dict[str, str]) -> None:
    with client(proxy) as visitor:
        assert visitor.get("/metrics", headers=forwarded).status_code == 403
        assert visitor.post("/demo", headers=forwarded).status_code == 403
        assert visitor.get("/healthz", headers=forwarded).text == "ok\n"


def test_wrong_passwords_count_by_the_address_behind_the_proxy_whatever_it_says_of_itself(proxy: Proxy) -> None:
    def guess(number: int) -> int:
        return sign_in(guesser, "wrong", "bob", **{"X-Forwarded-For": f"10.0.0.{number}"}).status_code

    at_once = MISTYPED - 1  # one more, and the name would wait wherever it is tried
    with client(proxy) as guesser, client(proxy, OTHER) as other, ThreadPoolExecutor(at_once) as guessers:
        answers = list(guessers.map(guess, range(at_once)))
        assert set(answers) == {401, 429}
        assert answers.count(401) >= NAME.free
        assert sign_in(other, PASSWORD, "bob").status_code == 303


def test_the_socket_of_a_page_goes_through_with_a_session_alone(proxy: Proxy) -> None:
    address, more = proxy.url.replace("https", "wss") + "/_stcore/stream", {"ssl": proxy.authority, "open_timeout": 60}
    with client(proxy) as visitor:
        session = sign_in(visitor).headers["set-cookie"].split(";")[0]
    with connect(address, origin=proxy.url, additional_headers={"Cookie": session}, **more) as socket:
        assert socket.response is not None
        assert socket.response.status_code == 101
    with pytest.raises(InvalidStatus), connect(address, origin=proxy.url, **more):
        pass


@pytest.mark.parametrize("door", ["/sign-in", "/password", "/oauth2callback", "/sign-out/hospital"])
def test_who_knocks_too_often_is_turned_away_and_nobody_else(proxy: Proxy, door: str) -> None:
    with client(proxy, IMPATIENT) as knocker, client(proxy, OTHER) as other, ThreadPoolExecutor(8) as hands:
        answers = list(hands.map(lambda _: knocker.get(door).status_code, range(120)))
        assert 429 in answers
        assert answers.count(429) < 120, "some at once are let in"
        assert other.get(door).status_code != 429
        assert {knocker.get("/healthz").status_code for _ in range(20)} == {200}, "it is the doors alone"


def test_first_admins_codes_are_not_tried_quicker(proxy: Proxy) -> None:
    with client(proxy, IMPATIENT) as guesser, ThreadPoolExecutor(8) as hands:
        answers = list(hands.map(lambda n: guesser.post("/first-admin", data={"code": str(n)}).status_code, range(120)))
    assert 429 in answers


def test_one_address_gets_so_many_sockets_at_once_and_others_get_theirs(proxy: Proxy) -> None:
    address = proxy.url.replace("https", "wss") + "/_stcore/stream"
    with client(proxy) as visitor:
        session = sign_in(visitor).headers["set-cookie"].split(";")[0]
    about: dict[str, Any] = {"ssl": proxy.authority, "open_timeout": 60, "origin": proxy.url,
                             "additional_headers": {"Cookie": session}}  # fmt: skip
    with ExitStack() as sockets:
        for _ in range(AT_ONCE):
            sockets.enter_context(connect(address, source_address=(BUSY, 0), **about))
        with pytest.raises(InvalidStatus, match="429"), connect(address, source_address=(BUSY, 0), **about):
            pass
        with connect(address, source_address=(OTHER, 0), **about) as socket:
            assert socket.response is not None


def test_x_rays_come_in_by_stow_from_the_address_behind_the_proxy(proxy: Proxy, app: App) -> None:
    identity.make_key(app.home, COMMAND_LINE, app.home.parent / "site.key")
    token = connecting.add_sender(app.home, COMMAND_LINE, "router", f"{OTHER}/32", None, None)
    part = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + Phantom(3101, False, rows=400).data + b"\r\n--b--\r\n"
    about = {"Authorization": f"Bearer {token}", "Content-Type": TYPE, "Accept": "application/dicom+json"}
    with client(proxy) as elsewhere, client(proxy, OTHER) as router:
        assert elsewhere.post("/dicom-web/studies", content=part, headers=about).status_code == 401
        answer = router.post("/dicom-web/studies", content=part, headers=about)
    assert answer.status_code == 200, answer.text
    assert not list(proxy.folder.glob("body/**/*.*")), "a body rested on the proxy's disk"


def test_an_x_ray_is_sent_and_read_through_the_proxy(proxy: Proxy, app: App, browser: Browser, tmp_path: Path) -> None:
    watched = new_page(browser, app, base_url=proxy.url, ignore_https_errors=True)
    refused: list[str] = []
    watched.page.on("response", lambda answer: refused.append(answer.url) if answer.status in (429, 503) else None)
    try:
        _send_and_read(watched.page, app, tmp_path / "study.dcm")
        assert (watched.errors, watched.elsewhere, refused) == ([], [], [])
    finally:
        watched.page.context.close()


def _send_and_read(page: Page, app: App, study: Path) -> None:
    study.write_bytes(Phantom(3102, True, rows=400).data)
    steps.sign_in(page, "ann", PASSWORD)
    steps.upload(page, [study])
    steps.expect_verdict(page, study.name, "probability", timeout=60_000)
    steps.begin_reading(page)
    image = page.locator(".viewer").get_attribute("data-shown") or ""
    prediction = reviewing.case(app.home, COMMAND_LINE, image).prediction or {}
    page.locator("body").press("a" if prediction["label"] in ("Normal", "Pneumonia") else "n")
    expect(page.locator("[class*='st-key-record-'] button")).to_be_enabled()
    page.locator("body").press("Enter")
    for _ in range(100):
        if reviewing.case(app.home, COMMAND_LINE, image).reads:
            return
        page.wait_for_timeout(100)
    raise AssertionError("the read was not recorded")
