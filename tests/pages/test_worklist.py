"""The worklist page."""

from __future__ import annotations

from cxr_core import clock
from cxr_core.records import Label, Lane
from cxr_core.store import jobs
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


def test_an_address_narrows_to_a_device_a_view_and_what_came_since_and_each_can_be_cleared(show, home, arrive):
    other, late = arrive(1), arrive(2, 0.1, Label.NORMAL)
    with opened(home) as db:
        db.execute("UPDATE images SET view = 'PA', received_at = '2026-01-05T08:00:00+00:00' WHERE id = ?", (late,))
        db.execute("UPDATE images SET view = 'PA', received_at = '2026-01-03T08:00:00+00:00' WHERE id = ?", (other,))
    app = show("worklist", "ann", show="All", device="d" * 8, view="PA", since="2026-01-04")
    assert list(app.dataframe[0].value["Model says"]) == ["Normal"]
    app.date_input[0].set_value(None).run()
    assert list(app.dataframe[0].value["Model says"]) == ["Normal", "Pneumonia"]


def test_filters_that_fit_nothing_or_name_nothing_say_so(show, said, home, arrive):
    arrive(1)
    with opened(home) as db:
        db.execute("UPDATE images SET received_at = ?", (clock.ago(days=2),))
    assert "Nothing fits these filters" in said(show("worklist", "ann", since=clock.now().date().isoformat()))
    app = show("worklist", "ann", view="from above", since="yesterday")
    assert not app.exception
    assert len(app.dataframe[0].value) == 1
    assert "no view `from above`" in said(app)
    assert "no day `yesterday`" in said(app)


def done(home, result, member=None):
    """An intake job that ended with this result."""
    with opened(home) as db:
        job = jobs.ask(db, jobs.Request("intake", Lane.READING, {"spool": "x", "member": member}))
        jobs.claim(db, Lane.READING, "w")
        jobs.finish(db, job, "w", result)
    return job


def test_every_file_that_was_sent_keeps_its_opinion_however_many_there_are(show, home, arrive, said):
    app = show("worklist", "ann")
    app.session_state["sent"] = {
        done(home, {"status": "predicted", "image": arrive(number), "reasons": []}): f"study-{number}.dcm"
        for number in range(1, 31)
    }
    text = said(app.run())
    assert text.count("Pneumonia, probability of pneumonia 90 %") == 30
    assert "<b>30 files</b>, 0 refused" in text


def test_the_files_of_a_zip_are_told_by_its_name_and_their_number(show, home, arrive, said):
    member = done(home, {"status": "predicted", "image": arrive(1), "reasons": []}, "1")
    refused = [{"member": "2", "reason": "The file is empty."}]
    app = show("worklist", "ann")
    app.session_state["sent"] = {done(home, {"members": [member], "refused": refused}): "ward 7.zip"}
    text = said(app.run())
    assert "<b>ward 7.zip, file 1</b><br>Pneumonia" in text
    assert "<b>ward 7.zip, file 2</b><br>Refused: The file is empty." in text


def test_of_a_file_that_is_held_back_it_is_said_who_looks_at_it_and_where(show, home, said):
    app = show("worklist", "ann")
    held = done(home, {"status": "held back", "reasons": ["Text may be in the picture itself."], "code": "held_back"})
    app.session_state["sent"] = {held: "Room <1>.png"}
    text = said(app.run())
    assert '<div class="held"><b>Room &lt;1&gt;.png</b><br>Held back: there may be text in the picture' in text
    assert "An admin looks at it first, on the PACS page." in text
    assert "<b>1 file</b>, 0 refused, 1 held back" in text


def test_of_a_file_that_was_held_back_it_is_said_what_became_of_it(show, home, arrive, said):
    taken = done(home, {"status": "predicted", "image": arrive(1), "reasons": []})
    refused = done(home, {"status": "rejected", "reasons": ["Identifying text."], "code": "burned_in"})
    held = {"status": "held back", "reasons": [], "code": "held_back"}
    app = show("worklist", "ann")
    app.session_state["sent"] = {
        done(home, {**held, "followed_by": taken}): "a.png", done(home, {**held, "followed_by": refused}): "b.png",
    }  # fmt: skip
    text = said(app.run())
    assert '<div class="ok"><b>a.png</b><br>An admin has looked at it. Pneumonia, probability' in text
    assert '<div class="bad"><b>b.png</b><br>An admin has looked at it. Refused: Identifying text.' in text
    assert "<b>2 files</b>, 1 refused" in text
    assert "held back" not in text


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
