"""Who may send, and what is answered to what is sent."""

import pytest
from pydicom.uid import ComputedRadiographyImageStorage, CTImageStorage
from pynetdicom import build_context

from cxr_core.pacs.answering import Caller
from cxr_core.pacs.status import Refused, Status
from tests.pacs.objects import converted, data_set, syntax, xray
from tests.pacs.peers import archive, calling, report, stored, storing
from tests.pacs.programs import run, store

SECRET = "PATIENT^NAME"


def test_an_echo_is_answered(listener):
    assert run("echoscu", listener).returncode == 0


def test_the_desk_is_asked_with_both_titles_and_the_address(listener, desk):
    run("echoscu", listener)
    assert desk.callers == [Caller("ROOM1", "CXR", "127.0.0.1", None)]


def test_whom_the_desk_does_not_admit_is_rejected_for_good(listener, desk):
    desk.refuses = lambda caller: caller.calling == "ROOM1"
    said = run("echoscu", listener)
    assert said.returncode != 0
    assert "Rejected Permanent" in said.stderr
    assert "Calling AE Title Not Recognized" in said.stderr


def test_who_calls_another_title_is_rejected_for_good_and_the_desk_is_not_asked(listener, desk):
    said = run("echoscu", listener, title="OTHER")
    assert "Called AE Title Not Recognized" in said.stderr
    assert desk.callers == []


def test_a_desk_that_fails_admits_nobody(listener, desk, caplog):
    def failing(caller):
        raise ValueError(SECRET)

    desk.refuses = failing
    assert "Rejected Permanent" in run("echoscu", listener).stderr
    assert "ValueError" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("converter", "option", "proposed"),
    [
        ("dcmconv", "+ti", "-xi"),
        ("dcmconv", "+te", "-xe"),
        ("dcmconv", "+tb", "-xb"),
        ("dcmconv", "+td", "-xd"),
        ("dcmcjpeg", "+e1", "-xs"),
        ("dcmcjpls", "+el", "-xt"),
        ("dcmcjpls", "+en", "-xu"),
        ("dcmcrle", "-v", "-xr"),
    ],
)
def test_an_object_in_any_transfer_syntax_comes_unchanged(converter, option, proposed, listener, desk, tmp_path):
    sent = converted(tmp_path, xray(0), converter, option)
    assert store(listener, tmp_path, sent, syntax=proposed).returncode == 0
    assert syntax(desk.taken[0]) == syntax(sent)
    assert data_set(desk.taken[0]) == data_set(sent)


def test_an_object_of_a_class_that_is_no_xray_has_no_context(listener, desk):
    with calling(listener, build_context(CTImageStorage)) as assoc:
        assert not assoc.is_established
    assert desk.taken == []


@pytest.mark.parametrize(
    ("raised", "status"),
    [
        (None, 0x0000),
        (Refused(Status.OUT_OF_RESOURCES, SECRET), 0xA700),
        (Refused(Status.CLASS_MISMATCH, SECRET), 0xA900),
        (Refused(Status.NOT_UNDERSTOOD, SECRET), 0xC000),
        (Refused(Status.NOT_AUTHORISED, SECRET), 0x0124),
        (OSError(28, SECRET), 0xA700),
        (PermissionError(13, SECRET), 0xA700),
        (ValueError(SECRET), 0x0110),
        (MemoryError(SECRET), 0x0110),
    ],
)
def test_each_end_of_taking_has_its_status_and_no_words_of_it_are_logged(raised, status, listener, desk, caplog):
    desk.fails = raised
    with storing(listener, xray(0)) as assoc:
        assert stored(assoc, xray(0)) == status
        assert assoc.is_established
    assert SECRET not in caplog.text
    assert (caplog.text == "") == (raised is None or isinstance(raised, Refused))


def test_an_object_announced_as_another_class_than_its_context_is_refused(listener, desk):
    with calling(listener, build_context(ComputedRadiographyImageStorage, syntax(xray(0)))) as assoc:
        context = assoc.accepted_contexts[0]
        assoc._get_valid_context = lambda *what, **more: context
        assert stored(assoc, xray(0)) == Status.CLASS_MISMATCH
    assert desk.taken == []


def test_an_archive_reports_what_it_has_taken_over(listener, desk):
    with archive(listener) as assoc:
        assert report(assoc, 1, stored=["1.2.1", "1.2.2"]) == 0
    [commitment] = desk.commitments
    assert commitment.transaction_uid == "2.25.7"
    assert commitment.stored == {"1.2.1", "1.2.2"}
    assert commitment.failed == {}


def test_an_archive_reports_what_it_has_not_taken_over_and_why(listener, desk):
    with archive(listener) as assoc:
        assert report(assoc, 2, stored=["1.2.1"], failed=["1.2.2"]) == 0
    assert desk.commitments[0].stored == {"1.2.1"}
    assert desk.commitments[0].failed == {"1.2.2": 0x0112}


def test_a_report_that_says_both_is_taken_for_the_worse(listener, desk):
    with archive(listener) as assoc:
        report(assoc, 2, stored=["1.2.1"], failed=["1.2.1"])
    assert desk.commitments[0].stored == frozenset()


def test_reports_of_another_kind_or_without_a_transaction_are_refused(listener, desk, caplog):
    with archive(listener) as assoc:
        assert report(assoc, 3) == Status.NO_SUCH_EVENT_TYPE
        assert report(assoc, 1, ["1.2.1"], transaction=None) == Status.INVALID_ARGUMENT
    assert desk.commitments == []


def test_a_desk_that_cannot_note_a_report_lets_the_archive_know(listener, desk):
    desk.fails = OSError(28, "full")
    with archive(listener) as assoc:
        assert report(assoc, 1, stored=["1.2.1"]) == Status.OUT_OF_RESOURCES
