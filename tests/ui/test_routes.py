"""Signing in and out, the pictures, and what other sites may not do."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from PIL import Image
from plotly.offline import get_plotlyjs

from cxr_core.records import Mode, Role
from cxr_core.settings import Settings
from cxr_core.store import explanations, files, images, models, predictions, reads
from cxr_core.store.db import one, opened, rows
from cxr_core.store.explanations import Explanation
from cxr_core.ui.forms import local_path
from cxr_core.ui.routes import THUMBNAIL
from cxr_core.work import people, starting
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.models import stopping
from cxr_core.work.reading_room.explaining import digest
from tests.store.rows import add_image, opinion
from tests.work.sites import film, take_in

PASSWORD = "a long password"
IMAGE = "ab" * 32


def test_signing_in_sets_a_cookie_that_scripts_and_other_sites_never_see(home, browser):
    answer = browser().post("/sign-in", data={"name": "ann", "password": PASSWORD, "next": "/review?image=1"})
    cookie = answer.headers["set-cookie"].lower()
    assert answer.status_code == 303
    assert answer.headers["location"] == "/review?image=1"
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


def test_a_wrong_password_is_said_and_signs_nobody_in(home, browser):
    answer = browser().post("/sign-in", data={"name": "ann", "password": "wrong"})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert "The name or the password is wrong." in answer.text
    assert "wrong</" not in answer.text.replace("is wrong.</", "")


def test_what_was_typed_comes_back_escaped(home, browser):
    answer = browser().post("/sign-in", data={"name": '"><script>1</script>', "password": "x"})
    assert "<script>" not in answer.text


@pytest.mark.parametrize(
    "address",
    ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/ /evil", "javascript:alert(1)",
     "/\t/evil.example", "evil.example", "", "/sign-out", "/a\nb", "http:/evil.example",
     "/history.csv", "/drift.html?days=28"],
)  # fmt: skip
def test_signing_in_sends_nobody_elsewhere(home, browser, address):
    answer = browser().post("/sign-in", data={"name": "ann", "password": PASSWORD, "next": address})
    assert answer.headers["location"] == "/"


def test_a_path_of_this_app_is_kept_with_its_query():
    assert local_path("/review?image=ab&x=1") == "/review?image=ab&x=1"


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/password", "/first-admin", "/demo"])
@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.example"},
     {"origin": "null"}, {"origin": "http://localhost:9999"}],
)  # fmt: skip
def test_a_form_of_another_site_is_refused(home, browser, path, headers):
    answer = browser().post(path, data={"name": "ann", "password": PASSWORD}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_an_own_form_is_taken(home, browser):
    headers = {"origin": "http://localhost:8501", "sec-fetch-site": "same-origin"}
    answer = browser().post("/sign-in", data={"name": "ann", "password": PASSWORD}, headers=headers)
    assert answer.status_code == 303


def test_an_endless_form_is_cut_off(home, browser):
    assert browser().post("/sign-in", data={"name": "a" * 20_000}).status_code == 413


def test_signing_out_ends_the_session_and_takes_the_cookie_back(signed_in):
    token = signed_in.cookies["cxr_session"]
    answer = signed_in.post("/sign-out")
    assert answer.headers["location"] == "/sign-in"
    assert answer.headers["clear-site-data"] == '"cache"'
    assert "cxr_session" not in signed_in.cookies
    signed_in.cookies["cxr_session"] = token
    assert signed_in.get(f"/images/{IMAGE}").status_code == 401


def test_who_is_signed_in_is_sent_on_from_the_sign_in_page(signed_in):
    answer = signed_in.get("/sign-in?next=%2Fhistory")
    assert (answer.status_code, answer.headers["location"]) == (303, "/history")


def test_a_link_from_elsewhere_is_followed_again_from_here(home, browser):
    answer = browser().get("/sign-in?next=%2Fhistory", headers={"sec-fetch-site": "cross-site"})
    assert "url=/sign-in?next=%2Fhistory" in answer.text
    assert "<form" not in answer.text


def test_the_sign_in_page_is_never_cached(home, browser):
    assert browser().get("/sign-in").headers["cache-control"] == "no-store"


def test_from_elsewhere_nobody_starts_a_demo(empty_home, browser):
    for where in ({"client": "192.0.2.7"}, {"host": "evil.example"}):
        visitor = browser(**where)
        assert "Start the demo" not in visitor.get("/sign-in").text
        assert visitor.post("/demo").status_code == 403
    assert starting.demo_job(empty_home) is None


def test_behind_a_proxy_nobody_counts_as_on_the_machine(empty_home, browser):
    assert "Start the demo" in browser().get("/sign-in").text
    assert "Start the demo" not in browser().get("/sign-in", headers={"x-forwarded-for": "192.0.2.7"}).text


def test_the_demo_is_asked_for_once_and_waited_for(empty_home, browser):
    visitor = browser()
    assert visitor.post("/demo").status_code == 303
    assert visitor.post("/demo").status_code == 303
    with opened(empty_home) as db:
        assert len(rows(db, "SELECT 1 FROM jobs WHERE kind = ?", (starting.MAKE_DEMO,))) == 1
    assert "being prepared" in visitor.get("/sign-in").text


def test_an_installation_in_use_never_becomes_a_demo(home, browser):
    assert browser().post("/demo").status_code == 409
    assert starting.demo_job(home) is None


def test_demo_passwords_are_shown_on_the_machine_itself_only(empty_home, browser):
    starting.ask_for_demo(empty_home)
    people.add_user(empty_home, COMMAND_LINE, "admin", Role.ADMIN, "demo-admin")
    assert "demo-admin" in browser().get("/sign-in").text
    assert "demo-admin" not in browser(client="192.0.2.7").get("/sign-in").text
    assert "demo-admin" not in browser(host="evil.example").get("/sign-in").text


def test_a_picture_needs_a_session(home, browser):
    assert browser().get(f"/images/{IMAGE}").status_code == 401


def test_a_picture_is_kept_by_this_browser_alone_under_its_own_name(signed_in):
    answer = signed_in.get(f"/images/{IMAGE}")
    assert answer.content == b"pixels"  # as a browser unpacks them
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["etag"] == f'"{IMAGE}"'
    assert answer.headers["cache-control"] == "private, no-cache"
    again = signed_in.get(f"/images/{IMAGE}", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_thumbnail_is_a_small_picture_for_whom_is_signed_in_and_gone_with_its_x_ray(home, signed_in, browser):
    settings = Settings(home=home, threads=1)
    (verdict,) = take_in(settings, film(1))
    address = f"/images/{verdict.image}/thumbnail"
    assert browser().get(address).status_code == 401
    answer = signed_in.get(address)
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("image/png", "private, no-store")
    assert max(Image.open(io.BytesIO(answer.content)).size) == THUMBNAIL
    with opened(home) as db:
        (stored,) = images.all_files(db)
    files.path_of(home, stored["file_sha256"]).unlink()
    assert signed_in.get(address).status_code == signed_in.get(f"/images/{'0' * 64}/thumbnail").status_code == 404


def test_a_heatmap_is_bytes_under_its_hash_for_whom_may_see_it(home, signed_in, browser):
    with opened(home) as db:
        image = add_image(db)
        predictions.add(db, image, models.running(db), opinion())
    wanted = digest(opinion().heatmap)
    address = f"/images/{image}/heatmaps/{wanted}"
    assert browser().get(address).status_code == 401
    answer = signed_in.get(address)
    assert (answer.content, answer.headers["etag"]) == (opinion().heatmap.astype("<f4").tobytes(), f'"{wanted}"')
    assert answer.headers["cache-control"] == "private, no-cache"
    assert signed_in.get(address, headers={"if-none-match": answer.headers["etag"]}).status_code == 304
    assert signed_in.get(f"/images/{image}/heatmaps/{'0' * 64}").status_code == 404
    with opened(home) as db:
        db.execute("UPDATE images SET mode = 'blinded'")
    assert signed_in.get(address, headers={"if-none-match": answer.headers["etag"]}).status_code == 403


@pytest.mark.parametrize("who", ["ann", "bob"])
@pytest.mark.parametrize("mode", list(Mode))
def test_while_a_stop_stands_no_heatmap_is_given_to_anybody_and_no_export_tells_what_the_model_says(
    home, browser, who, mode
):
    bob = people.add_user(home, COMMAND_LINE, "bob", Role.ADMIN, PASSWORD)
    with opened(home) as db:
        image, ann = add_image(db), one(db, "SELECT id FROM users WHERE name = 'ann'")["id"]
        db.execute("UPDATE images SET mode = ?", (mode.value,))
        predictions.add(db, image, models.running(db), opinion(0.87654))
        reads.add(db, {"image": image, "prediction": 1, "reader": ann, "label": "Normal", "agrees": 0,
                       "reason": "small finding", "seconds": 1, "made_at": "2026"})  # fmt: skip
        explanations.add(db, image, models.running(db), "LayerCAM", Explanation(opinion().heatmap + 1, None))
    visitor = browser()
    visitor.post("/sign-in", data={"name": who, "password": PASSWORD})
    addresses = [f"/images/{image}/heatmaps/{digest(opinion().heatmap + more)}" for more in (0, 1)]
    shown = 200 if who == "bob" or mode is not Mode.BLINDED else 403
    assert [visitor.get(address).status_code for address in addresses] == [shown] * 2
    stopping.stop(home, bob, "too many misses")
    for address in addresses:
        for headers in ({}, {"if-none-match": f'"{address.rpartition("/")[2]}"'}):
            answer = visitor.get(address, headers=headers)
            assert (answer.status_code, "too many misses" in answer.text) == (403, True)
    assert visitor.get(f"/images/{IMAGE}").status_code == 200, "the X-ray itself is there"
    exported = visitor.get("/history.csv").text
    assert "Normal" in exported
    assert not [word for word in ("0.87654", "Pneumonia", "small finding") if word in exported]


def test_a_beat_counts_for_whoever_has_the_case_open_and_comes_from_our_own_pages(home, signed_in, browser):
    with opened(home) as db:
        image, ann = add_image(db), one(db, "SELECT id FROM users WHERE name = 'ann'")["id"]
        long_ago = "2020-01-01T00:00:00.000000+00:00"
        row = {"image": image, "reader": ann, "until": "2999", "beat_at": long_ago}
        db.table("claims").insert(row)
    assert browser().post(f"/images/{image}/beat").status_code == 401
    assert signed_in.post(f"/images/{image}/beat", headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert signed_in.post(f"/images/{image}/beat").status_code == 204
    with opened(home) as db:
        assert rows(db, "SELECT active FROM claims") == [{"active": 20.0}]
    assert signed_in.post("/images/unknown/beat").status_code == 204


def test_the_viewers_modules_are_asked_for_again_after_an_update(signed_in):
    answer = signed_in.get("/viewer/main.js")
    assert "javascript" in answer.headers["content-type"]
    assert answer.headers["cache-control"] == "no-cache"
    assert signed_in.get("/viewer/main.js", headers={"if-none-match": answer.headers["etag"]}).status_code == 304
    assert signed_in.get("/viewer/%2e%2e%2froutes.py").status_code == 404


@pytest.mark.parametrize(
    "image",
    ["0" * 64, "ab", "AB" * 32, "..%2f..%2fsecret.key", "%2e%2e%2ffeedback.db", "ab" * 32 + "%00", "ab" * 31 + "..",
     "ab" * 32 + "%0a"],
)  # fmt: skip
def test_what_is_no_picture_is_not_found(signed_in, image):
    answer = signed_in.get(f"/images/{image}")
    # A path that isn't ours any more goes on to Streamlit's app, never to a file.
    assert answer.status_code == 404 or answer.text == "inside"


def add_reads(home):
    """A read of ann's and one of eve's."""
    eve = people.add_user(home, COMMAND_LINE, "eve", Role.RADIOLOGIST, PASSWORD)
    with opened(home) as db:
        image = add_image(db)
        for reader in (one(db, "SELECT id FROM users WHERE name = 'ann'")["id"], eve.id):
            reads.add(db, {"image": image, "reader": reader, "label": "Normal", "seconds": 1, "made_at": "2026"})


@pytest.mark.parametrize(("whose", "readers"), [("", ["eve", "ann"]), ("?whose=mine", ["ann"])])
def test_the_export_has_all_reads_or_the_own_ones_and_is_on_record(signed_in, home, whose, readers):
    add_reads(home)
    answer = signed_in.get(f"/history.csv{whose}")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"].startswith('attachment; filename="reads-')
    assert answer.headers["cache-control"] == "no-store"
    assert [row["reader"] for row in csv.DictReader(io.StringIO(answer.text))] == readers
    with opened(home) as db:
        assert rows(db, "SELECT actor FROM audit WHERE action = 'export history'") == [{"actor": "ann"}]


def test_without_a_session_nothing_is_exported(home, browser):
    assert browser().get("/history.csv").status_code == 401
    with opened(home) as db:
        assert not rows(db, "SELECT 1 FROM audit WHERE action = 'export history'")


@pytest.mark.parametrize(
    ("kind", "media_type", "words"),
    [("html", "text/html", "Too few images to say"), ("csv", "text/csv", "week,until,scope"),
     ("json", "application/json", '"model": ')],
)  # fmt: skip
def test_the_drift_page_is_taken_away_in_each_kind_and_is_on_record(signed_in, home, kind, media_type, words):
    answer = signed_in.get(f"/drift.{kind}?days=28")
    assert answer.headers["content-type"].startswith(media_type)
    name = answer.headers["content-disposition"]
    assert re.fullmatch(rf'attachment; filename="drift-\d{{4}}-\d\d-\d\d\.{kind}"', name)
    assert answer.headers["cache-control"] == "no-store"
    assert words in answer.text
    assert "Alarms" not in answer.text and '"alarms"' not in answer.text, "ann is no admin"
    with opened(home) as db:
        (event,) = rows(db, "SELECT actor, details FROM audit WHERE action = 'export drift'")
    assert (event["actor"], json.loads(event["details"])) == ("ann", {"kind": kind, "days": 28})


@pytest.mark.parametrize("address", ["/drift.exe?days=28", "/drift.csv", "/drift.csv?days=0", "/drift.csv?days=-1",
                                     "/drift.csv?days=1e3", "/drift.html?days=99999",
                                     "/drift.csv?days=28&until=9999-12-31",
                                     "/drift.csv?days=28&until=0001-01-01"])  # fmt: skip
def test_what_the_drift_page_does_not_offer_is_refused(signed_in, home, address):
    assert signed_in.get(address).status_code == 400
    with opened(home) as db:
        assert not rows(db, "SELECT 1 FROM audit WHERE action = 'export drift'")


@pytest.mark.parametrize(("more", "status"), [("model=unknown", 404), ("device=Doe", 409)])
def test_of_what_is_not_there_no_report_is_made(signed_in, more, status):
    assert signed_in.get(f"/drift.csv?days=28&{more}").status_code == status


def test_without_a_session_no_report_is_made(home, browser):
    assert browser().get("/drift.csv?days=28").status_code == 401


def test_the_report_asks_nothing_of_any_host(signed_in):
    """Outside of Plotly's own script, nothing has an address; and the page forbids itself to load anything."""
    text = signed_in.get("/drift.html?days=28").text
    ours = text.replace(get_plotlyjs(), "")
    assert len(ours) < len(text)
    assert not re.findall(r"(?i)https?:|//[a-z]|\bsrc=|\bhref=|@import|url\(|<link|<iframe|<form", ours)
    assert "content=\"default-src 'none'; script-src 'nonce-" in ours
