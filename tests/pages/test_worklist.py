"""The worklist page."""

from __future__ import annotations

from cxr_core.records import Label
from cxr_core.store.db import opened


def test_what_waits_is_listed_longest_waiting_first(show, arrive):
    first, second = arrive(1), arrive(2, 0.1, Label.NORMAL)
    app = show("worklist", "ann")
    table = app.dataframe[0].value
    assert list(table["Model says"]) == ["Pneumonia", "Normal"]
    assert list(table["Patient"]) == [first[-8:], second[-8:]]


def test_an_address_with_filters_shows_only_what_fits(show, arrive):
    arrive(1)
    arrive(2, 0.1, Label.NORMAL)
    app = show("worklist", "ann", says="Normal")
    assert list(app.dataframe[0].value["Model says"]) == ["Normal"]


def test_an_image_without_an_opinion_is_listed_as_waiting_for_it(show, arrive):
    arrive(1, probability=None)
    assert list(show("worklist", "ann").dataframe[0].value["Model says"]) == ["waiting"]


def test_an_uploaded_file_is_spooled_once_and_named_to_its_sender_alone(show, home, said):
    app = show("worklist", "ann")
    app.file_uploader[0].upload("Smith_John.dcm", b"not an image").run()
    app.run()
    assert "Smith_John.dcm" in said(app)
    assert len(list((home / "spool").iterdir())) == 1
    with opened(home) as db:
        stored = "\n".join(line for line in db.conn.iterdump())
    assert "Smith" not in stored
    assert "not an image" not in stored


def test_a_patient_given_for_an_upload_is_written_nowhere_as_it_was_typed(show, home):
    app = show("worklist", "ann")
    app.text_input(key="whose").set_value("MRN-4711").run()
    app.file_uploader[0].upload("a.png", b"x").run()
    with opened(home) as db:
        assert "MRN-4711" not in "\n".join(db.conn.iterdump())


def test_with_nothing_waiting_there_is_no_next_case(show):
    assert show("worklist", "ann").button[0].disabled
