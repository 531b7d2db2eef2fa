"""Once around the loop in a real browser: read, flag, retrain, promote, see it, roll back."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from cxr_core.dicom.phantoms.phantom import Phantom
from cxr_core.records import Side
from cxr_core.store import images, training_sets
from cxr_core.store.db import opened
from cxr_core.ui.read_form import REASON_KEYS
from cxr_core.work.accounts import DEMO_ACCOUNTS
from cxr_core.work.drift import monitoring
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.models import retraining
from cxr_core.work.reading_room import reviewing
from tests.browser import steps
from tests.browser.app import App

(READER, _, READER_PASSWORD), (ADMIN, _, ADMIN_PASSWORD) = DEMO_ACCOUNTS


def test_once_around_the_loop(page: Page, app: App, tmp_path: Path) -> None:
    """One story, because each step needs the one before it."""
    page.goto("/")
    expect(page.locator("body")).to_contain_text(READER_PASSWORD)
    steps.picture(page, "sign-in")
    _upload_three_and_a_broken_one(page, tmp_path)
    flagged = _read_three_with_the_keyboard(page, app)
    steps.open_page(page, "History")
    steps.picture(page, "history")
    _sign_out(page)
    candidate = _retrain_and_promote(page, app, flagged)
    _see_the_new_version(page, app, candidate, tmp_path)
    _roll_back(page, app, candidate)


def _upload_three_and_a_broken_one(page: Page, folder: Path) -> None:
    steps.sign_in(page, READER, READER_PASSWORD)
    studies = [_study(folder, number) for number in (3001, 3002, 3003)]
    broken = folder / "notes.dcm"
    broken.write_text("This is a text file, whatever its name says.", encoding="utf-8")
    steps.upload(page, [*studies, broken])
    for study in studies:
        steps.expect_verdict(page, study.name, "probability")
    steps.expect_verdict(page, "notes.dcm", "Refused: The file is neither DICOM nor PNG nor JPEG")
    steps.settled(page)
    steps.picture(page, "worklist")


def _study(folder: Path, number: int) -> Path:
    path = folder / f"study-{number}.dcm"
    path.write_bytes(Phantom(number, number % 2 == 1, rows=400).data)
    return path


def _read_three_with_the_keyboard(page: Page, app: App) -> str:
    """Agree where there is something to agree with; disagree with the first that may be learnt from."""
    steps.begin_reading(page)
    flagged = ""
    for _ in range(3):
        image = reviewing.next_case(app.home, COMMAND_LINE) or ""
        expect(page.locator(f".viewer[data-shown='{image}']")).to_be_visible(timeout=15_000)
        steps.settled(page)
        if not flagged and _may_be_flagged(app, image):
            flagged = image
            page.locator("body").press("d")
            expect(page.locator(".st-key-reasons button")).to_have_count(len(REASON_KEYS))
            steps.settled(page)
            page.locator("body").press("1")
            expect(page.locator(".st-key-reasons button[kind='primary']")).to_have_count(1)
            steps.picture(page, "review")
        else:
            page.locator("body").press("a" if _is_committed(app, image) else "n")
        expect(page.locator("[class*='st-key-record-'] button")).to_be_enabled()
        page.locator("body").press("Enter")
        _wait_for_read(page, app, image)
    assert flagged, "none of the first three cases could be flagged for learning"
    return flagged


def _may_be_flagged(app: App, image: str) -> bool:
    with opened(app.home) as db:
        on_train = images.get(db, image)["side"] == Side.TRAIN
    return on_train and _is_committed(app, image)


def _is_committed(app: App, image: str) -> bool:
    prediction = reviewing.case(app.home, COMMAND_LINE, image).prediction
    return prediction is not None and prediction["label"] in ("Normal", "Pneumonia")


def _wait_for_read(page: Page, app: App, image: str) -> None:
    for _ in range(100):
        if reviewing.case(app.home, COMMAND_LINE, image).reads:
            return steps.settled(page)
        page.wait_for_timeout(100)
    raise AssertionError("the read was not recorded")


def _sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")


def _retrain_and_promote(page: Page, app: App, flagged: str) -> str:
    steps.sign_in(page, ADMIN, ADMIN_PASSWORD)
    steps.open_page(page, "Retrain")
    steps.button(page, "start")
    expect(page.locator(".st-key-promote button")).to_be_enabled(timeout=180_000)
    candidate = retraining.candidate(app.home, COMMAND_LINE)
    assert candidate is not None
    with opened(app.home) as db:
        learnt = {item["image"] for item in training_sets.get(db, candidate["training_set"])["items"]}
    assert flagged in learnt
    steps.picture(page, "retrain")
    page.get_by_label("Reason", exact=True).first.fill("The flagged case is right now, and nothing else got worse.")
    page.keyboard.press("Tab")
    steps.button(page, "promote")
    expect(page.locator(".bottom")).to_contain_text(f"Model in use: {candidate['name']}")
    return str(candidate["name"])


def _see_the_new_version(page: Page, app: App, candidate: str, folder: Path) -> None:
    steps.open_page(page, "Worklist")
    study = _study(folder, 3004)
    steps.upload(page, [study])
    steps.expect_verdict(page, study.name, "probability")
    newest = reviewing.waiting_list(app.home, COMMAND_LINE, reviewing.Filters(show=reviewing.Show.ALL, limit=1))[0]
    assert newest["model"] == candidate
    steps.open_page(page, "Models")
    expect(page.locator("[data-testid='stApp']")).to_contain_text(candidate)
    steps.picture(page, "models")
    page.locator("tr[data-version]").first.click()
    page.wait_for_url(lambda address: "/models?version=" in address)
    steps.open_page(page, "Drift")
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    expect(page.locator("[data-testid='stApp']")).to_contain_text(candidate)
    assert [release.model for release in monitoring.releases(app.home, COMMAND_LINE)][-1] == candidate
    steps.picture(page, "drift")


def _roll_back(page: Page, app: App, candidate: str) -> None:
    steps.open_page(page, "Retrain")
    page.get_by_text("Roll back to a model that was in use before").click()
    page.locator("[class*=st-key-reason-back] input").fill("For the test: back to the model before.")
    page.keyboard.press("Tab")
    steps.button(page, "roll-back")
    expect(page.locator(".bottom")).not_to_contain_text(candidate)
    assert monitoring.running_model(app.home, COMMAND_LINE) != candidate
