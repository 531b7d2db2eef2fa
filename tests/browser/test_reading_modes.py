"""Reading with the opinion hidden, in a real browser: all that it receives is searched."""

from __future__ import annotations

import struct
from base64 import b64decode
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from playwright.sync_api import Browser, Page, WebSocket, expect

from cxr_core.dicom.phantoms.phantom import Phantom
from cxr_core.records import Mode, Role
from cxr_core.ui import words
from cxr_core.work import people
from cxr_core.work.accounts import DEMO_ACCOUNTS
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.reading_room import explaining, listing, reviewing
from cxr_core.work.reading_room.reviewing import Filters
from tests.browser import steps
from tests.browser.app import App, new_page
from tests.browser.viewing import come, opened, recorded, taken_in

(READER, _, PASSWORD), (ADMIN, _, ADMIN_PASSWORD) = DEMO_ACCOUNTS
RECORD = "[class*='st-key-record-']"
OTHER = ("second", "a password for two")
HEATMAP_BYTES = 7 * 7 * 4
FLOAT_BYTES = 4
XRAY_HEADER_BYTES = 28


def received(page: Page) -> list[bytes]:
    """Whatever the page gets from now on: frames of its sockets, and bodies of answers, kept before it has them."""
    found: list[bytes] = []
    protocol = page.context.new_cdp_session(page)

    def keep(paused: dict[str, Any]) -> None:
        request = {"requestId": paused["requestId"]}
        if paused.get("responseStatusCode") == HTTPStatus.OK and "/static/" not in paused["request"]["url"]:
            answer = protocol.send("Fetch.getResponseBody", request)
            body = b64decode(answer["body"]) if answer["base64Encoded"] else answer["body"].encode()
            found.append(paused["request"]["url"].encode() + body)
        protocol.send("Fetch.continueRequest", request)

    def watch(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: found.append(frame if isinstance(frame, bytes) else frame.encode()))

    page.on("websocket", watch)
    protocol.on("Fetch.requestPaused", keep)
    protocol.send("Fetch.enable", {"patterns": [{"requestStage": "Response"}]})
    return found


def needles(app: App, image: str) -> list[bytes]:
    """How the opinion on an image may be written, as text or as numbers."""
    prediction = reviewing.case(app.home, COMMAND_LINE, image).prediction
    assert prediction is not None
    probability, peak = prediction["probability"], float(prediction["heatmap"].max())
    numbers = (probability, peak, prediction["logit"], words.points(probability))
    written = [*(str(number)[:7].encode() for number in numbers), f">{words.percent(probability)}<".encode()]
    heatmap = prediction["heatmap"].astype("<f4").tobytes()
    written += [heatmap, explaining.digest(prediction["heatmap"]).encode()]
    return [*written, *(struct.pack(kind, number) for number in numbers for kind in ("<d", "<f"))]


def told(wanted: list[bytes], found: list[bytes]) -> list[bytes]:
    """Which needles were received; four bytes turn up among millions of pixels by chance, and aren't sought there."""
    but_pixels = [each for each in found if not is_pixels_alone(each)]
    places = {needle: but_pixels if len(needle) == FLOAT_BYTES else found for needle in wanted}
    return [needle for needle in wanted if any(needle in each for each in places[needle])]


def is_pixels_alone(answer: bytes) -> bool:
    """An X-ray's answer that holds its header, curve and pixels, and not a byte more."""
    at = answer.find(b"CXR1")
    if at < 0:
        return False
    rows, columns, _, entries = struct.unpack_from("<IIiI", answer, at + 4)
    return len(answer) - at == XRAY_HEADER_BYTES + 2 * entries + 2 * rows * columns


def taken_in_as(app: App, mode: Mode, number: int) -> str:
    """A study that is read in this mode, whatever the others are."""
    before = listing.worklists(app.home, COMMAND_LINE)[0]
    listing.change(app.home, COMMAND_LINE, replace(before, mode=mode))
    try:
        return taken_in(app, Phantom(number, True, rows=400).data)
    finally:
        listing.change(app.home, COMMAND_LINE, before)


def test_nothing_that_the_browser_receives_tells_the_opinion_before_the_readers_own(page: Page, app: App) -> None:
    image = taken_in_as(app, Mode.SECOND_READER, 3301)
    wanted = needles(app, image)
    found = received(page)
    steps.sign_in(page, READER, PASSWORD)
    for title in ("Worklist", "History", "Models", "Drift"):
        steps.open_page(page, title)
    page.goto(f"/?show=All&device={words.short(device_of(app, image))}")
    steps.settled(page)
    opened(page, image)
    expect(page.locator(".opinion")).to_contain_text("Your opinion first")
    steps.picture(page, "second-reader")
    page.keyboard.press("p")
    steps.settled(page)
    page.wait_for_timeout(500)
    assert any(image.encode() in each and is_pixels_alone(each) for each in found)
    assert told(wanted, found) == []
    page.keyboard.press("Enter")
    said = reviewing.case(app.home, COMMAND_LINE, image).prediction
    assert said is not None
    expect(page.locator(".opinion")).to_contain_text(words.percent(said["probability"]))
    heatmap = next(needle for needle in wanted if len(needle) == HEATMAP_BYTES)
    come(page, lambda: any(heatmap in each for each in found))
    sought = told(wanted, found)
    assert heatmap in sought, "the search finds what is there: the heatmap"
    assert any(needle.startswith(b">") for needle in sought), "and the probability"
    steps.picture(page, "revealed")


def test_turning_from_a_case_that_is_revealed_to_one_that_is_not_tells_nothing_of_it(page: Page, app: App) -> None:
    first, second = (taken_in_as(app, Mode.SECOND_READER, number) for number in (3305, 3306))
    wanted = needles(app, second)
    found = received(page)
    steps.sign_in(page, READER, PASSWORD)
    opened(page, first)
    page.keyboard.press("p")
    page.keyboard.press("Enter")
    expect(page.locator(".opinion")).not_to_contain_text("Your opinion first")
    steps.settled(page)
    page.wait_for_timeout(1000)
    page.keyboard.press("j")
    expect(page.locator(f".viewer[data-shown='{second}']")).to_be_visible()
    expect(page.locator(".opinion")).to_contain_text("Your opinion first")
    expect(page.locator(f".said-of[data-image='{second}']")).to_have_count(2)
    page.wait_for_timeout(500)
    assert told(wanted, found) == []


def test_a_blinded_case_is_read_without_ever_seeing_the_opinion(page: Page, app: App) -> None:
    image = taken_in_as(app, Mode.BLINDED, 3304)
    wanted = needles(app, image)
    found = received(page)
    steps.sign_in(page, READER, PASSWORD)
    opened(page, image)
    expect(page.locator(".opinion")).to_contain_text("read without the model")
    steps.picture(page, "blinded")
    page.keyboard.press("p")
    page.keyboard.press("Enter")
    recorded(app, image)
    opened(page, image)
    expect(page.locator(".st-key-panel")).to_contain_text("Read")
    page.wait_for_timeout(500)
    assert told(wanted, found) == []


def device_of(app: App, image: str) -> str:
    rows = reviewing.waiting_list(app.home, COMMAND_LINE, Filters(limit=1000))
    return next(str(row["device"]) for row in rows if row["id"] == image)


def test_two_browsers_cannot_both_read_the_same_case(browser: Browser, page: Page, app: App) -> None:
    image = taken_in(app, Phantom(3302, False, rows=400).data)
    people.add_user(app.home, COMMAND_LINE, OTHER[0], Role.RADIOLOGIST, OTHER[1])
    steps.sign_in(page, READER, PASSWORD)
    opened(page, image)
    other = new_page(browser, app).page
    steps.sign_in(other, *OTHER)
    opened(other, image)
    expect(other.locator(RECORD)).to_have_count(0)
    expect(other.locator(".st-key-panel")).to_contain_text("Somebody else reads this case")
    page.keyboard.press("n" if said_uncertain(app, image) else "a")
    page.keyboard.press("Enter")
    recorded(app, image)
    assert len(reviewing.case(app.home, COMMAND_LINE, image).reads) == 1
    other.context.close()


def said_uncertain(app: App, image: str) -> bool:
    prediction = reviewing.case(app.home, COMMAND_LINE, image).prediction
    return prediction is None or prediction["label"] not in ("Normal", "Pneumonia")


def test_an_admin_sets_up_how_lists_are_read(page: Page, app: App) -> None:
    steps.sign_in(page, ADMIN, ADMIN_PASSWORD)
    steps.open_page(page, "Lists")
    share = page.get_by_label("Drawn for this list")
    share.fill("10")
    steps.picture(page, "lists")
    page.get_by_role("button", name="Change Audit").click()
    expect(page.get_by_text("Audit is changed")).to_be_visible()
    assert listing.worklists(app.home, COMMAND_LINE)[1].share == 0.1
