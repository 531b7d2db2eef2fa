"""The audit page: who did what, narrowed and paged, and whether the chain is whole."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict

import pytest
from starlette.testclient import TestClient

from cxr_core import clock
from cxr_core.store import audit, site
from cxr_core.store.db import opened, rows, transaction
from cxr_core.ui.audit_table import PAGE
from cxr_core.work.auditing import checking
from cxr_core.work.guarding import COMMAND_LINE


@pytest.fixture
def log(home):
    """Views of an image by ann, and a promotion by bob, in a home with accounts."""
    with opened(home) as db:
        for number in range(3):
            with transaction(db):
                audit.record(db, "ann", "view image", f"{number:064x}", opinion=True)
        with transaction(db):
            audit.record(db, "bob", "promote model", "cxr-2", reason="=better()")
    return home


def shown(app):
    return app.dataframe[0].value.to_dict("records")


def test_it_is_for_admins_and_auditors(show):
    app = show("audit", "ann")
    assert "for the role admin or auditor" in app.warning[0].value
    assert not app.button


def test_it_shows_the_newest_first_and_the_state_of_the_chain(show, said, log):
    app = show("audit", "bob")
    assert [row["What"] for row in shown(app)][:3] == ["look into audit", "promote model", "view image"]
    assert "It was not verified yet." in said(app)


def test_the_end_of_the_chain_can_be_copied_and_kept(show, log):
    app = show("audit", "bob")
    with opened(log) as db:
        assert app.code[0].value == str(audit.head(db))


def test_the_first_and_the_last_day_are_told_apart(show, log):
    app = show("audit", "bob")
    row = [element.value for element in app.main if element.type in ("caption", "date_input") and element.value]
    assert row[:2] == ["From", "to"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"what": "views"}, ["view image"] * 3),
        ({"what": "promote model"}, ["promote model"]),
        ({"about": f"{2:064x}"}, ["view image"]),
        ({"text": "BETTER"}, ["promote model"]),
    ],
)
def test_the_address_narrows_it(show, log, query, expected):
    assert [row["What"] for row in shown(show("audit", "bob", **query))] == expected


def test_nothing_that_fits_is_said(show, said, log):
    assert "Nothing in the log fits these filters" in said(show("audit", "bob", text="nowhere"))


def test_older_rows_are_a_page_away_and_the_newest_again(show, home):
    with opened(home) as db, transaction(db):
        for number in range(PAGE + 5):
            audit.record(db, "ann", "read", str(number))
    app = show("audit", "bob", what="read")
    first = [row["No."] for row in shown(app)]
    app.button(key="older").click().run()
    older = [row["No."] for row in shown(app)]
    assert len(first) == PAGE and older[0] == first[-1] - 1 and len(older) == 5
    app.button(key="newest").click().run()
    assert [row["No."] for row in shown(app)] == first


def test_what_a_check_found_is_said_a_line_each(show, said, log):
    found = checking.Checked(clock.stamp(), f"4 {'a' * 64}", 4, unchecked="rows 1 to 2 <there>\nrows 3 to 4")
    with opened(log) as db:
        site.put(db, checking.CHECKED, json.dumps(asdict(found)))
    told = said(show("audit", "bob"))
    assert "Whole up to row 4" in told
    assert "Not checked: rows 1 to 2 &lt;there&gt;" in told and "Not checked: rows 3 to 4" in told
    with opened(log) as db:
        site.put(db, checking.CHECKED, json.dumps({**asdict(found), "problem": "row 1\nrow 2"}))
    assert "row 1<br>row 2" in said(show("audit", "bob"))


def test_the_button_has_a_worker_verify_it(show, said, log):
    app = show("audit", "bob")
    app.button(key="verify-audit").click().run()
    assert checking.state(log, COMMAND_LINE).checking is not None
    assert "A worker is verifying it" in said(app)
    assert not [button for button in app.button if button.key == "verify-audit"]


@pytest.fixture
def taken(log, furnished):
    """GET an address as somebody."""
    from starlette.applications import Starlette

    from cxr_core.ui.routes import ROUTES

    def get(who, address):
        client = TestClient(Starlette(routes=ROUTES), cookies={"cxr_session": furnished[1][who]})
        return client.get(address)

    return get


def test_the_csv_has_what_the_filters_leave_and_is_itself_a_row(taken, log):
    answer = taken("bob", "/audit.csv?what=promote+model")
    assert answer.headers["content-disposition"].startswith('attachment; filename="audit-')
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["actor"], row["subject"], row["details"]) == ("bob", "cxr-2", '{"reason": "=better()"}')
    with opened(log) as db:
        (event,) = rows(db, "SELECT actor, details FROM audit WHERE action = 'export audit'")
    assert event == {"actor": "bob", "details": '{"filters": ["actions"]}'}


@pytest.mark.parametrize(
    ("who", "query", "status"),
    [
        ("ann", "", 403), ("bob", "?since=soon", 400), ("bob", "?what=x", 400), ("bob", "?until=9999-12-31", 400),
        ("bob", "?since=0001-01-01", 400),
    ],
)  # fmt: skip
def test_what_is_not_offered_is_refused(taken, log, who, query, status):
    assert taken(who, f"/audit.csv{query}").status_code == status
    with opened(log) as db:
        assert rows(db, "SELECT 1 FROM audit WHERE action = 'export audit'") == []
