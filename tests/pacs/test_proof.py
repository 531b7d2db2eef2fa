"""An archive is asked what it has, and what it takes the responsibility for."""

import threading
from io import BytesIO

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import build_context, evt
from pynetdicom.pdu import P_DATA_TF
from pynetdicom.sop_class import StorageCommitmentPushModel, StudyRootQueryRetrieveInformationModelFind

from cxr_core.errors import DeliveryError
from cxr_core.pacs.calling import Endpoint
from cxr_core.pacs.contexts import VERIFICATION
from cxr_core.pacs.proof import ask_commitment, present
from cxr_core.pacs.sender import store
from tests.pacs.desks import TITLE
from tests.pacs.objects import xray
from tests.pacs.peers import PATIENCE, serving
from tests.processes import wait_until

FIND = build_context(StudyRootQueryRetrieveInformationModelFind)
COMMIT = build_context(StorageCommitmentPushModel)
INSTANCE = "1.2.840.10008.1.20.1.1"
STRANGER = "2.25.1", "2.25.2", ["2.25.3"]


def to(port, called="ARCHIVE", patience=PATIENCE):
    return Endpoint("127.0.0.1", port, called, TITLE, None, patience)


@pytest.fixture
def kept(orthanc, listener):
    """An archive that knows our listener, and an object that it keeps."""
    orthanc.knows("cxr", TITLE, listener.port)
    endpoint, data = to(orthanc.dicom_port, orthanc.aet), xray(5)
    store(endpoint, [data])
    return endpoint, dcmread(BytesIO(data), stop_before_pixels=True)


def answering_queries(*answers):
    """A node that answers C-FIND with these, each a status and an identifier."""
    return serving((evt.EVT_C_FIND, lambda event: iter(answers)), contexts=[FIND])


def answering_requests(status, *reports):
    """A node that answers a request for commitment so, and reports on the same association."""
    asked = []

    def action(event):
        asked.append(event.action_information)
        asked[-1].answers = []
        return status, None

    def report(event):
        if asked and isinstance(event.pdu, P_DATA_TF) and len(asked) == 1:
            asked.append(None)
            threading.Thread(target=_report, args=(event.assoc, asked[0], reports)).start()

    handlers = [(evt.EVT_N_ACTION, action), (evt.EVT_PDU_SENT, report)]
    return serving(*(handlers if reports else handlers[:1]), contexts=[COMMIT]), asked


def _report(assoc, request, reports):
    for transaction, event_type in reports:
        information = Dataset()
        information.TransactionUID = transaction or request.TransactionUID
        information.ReferencedSOPSequence = request.ReferencedSOPSequence
        answered, _ = assoc.send_n_event_report(information, event_type, StorageCommitmentPushModel, INSTANCE)
        request.answers.append(answered.Status)


def test_an_archive_names_what_it_has_and_nothing_that_it_lacks(kept):
    endpoint, ds = kept
    asked = [ds.SOPInstanceUID, generate_uid()]
    assert present(endpoint, ds.StudyInstanceUID, ds.SeriesInstanceUID, asked) == {ds.SOPInstanceUID}


def test_what_nobody_asked_for_is_not_named(kept):
    endpoint, ds = kept
    assert present(endpoint, ds.StudyInstanceUID, ds.SeriesInstanceUID, [generate_uid()]) == set()


def test_an_archive_that_has_nothing_of_the_series_says_so(kept):
    endpoint, _ = kept
    assert present(endpoint, *STRANGER) == set()


def test_an_archive_without_queries_is_named():
    with (
        serving(contexts=[build_context(VERIFICATION)]) as port,
        pytest.raises(DeliveryError, match=f"ARCHIVE at 127.0.0.1:{port}.*let it accept queries"),
    ):
        present(to(port), *STRANGER)


@pytest.mark.parametrize("status", [0xA700, 0xA900, 0xC001, 0x0122, 0xFE00])
def test_an_archive_that_does_not_finish_its_answer_has_not_answered(status):
    match = Dataset()
    match.SOPInstanceUID = "2.25.3"
    with (
        answering_queries((0xFF00, match), (status, None)) as port,
        pytest.raises(DeliveryError, match=f"status {status:04X}"),
    ):
        present(to(port), *STRANGER)


def test_an_archive_that_hangs_up_on_a_query_has_not_answered():
    def hang_up(event):
        event.assoc.abort()
        yield 0x0000, None

    with (
        serving((evt.EVT_C_FIND, hang_up), contexts=[FIND]) as port,
        pytest.raises(DeliveryError, match="it doesn't answer"),
    ):
        present(to(port), *STRANGER)


def test_an_archive_that_is_not_there_is_named(listener):
    listener.stop(0)
    for ask in (lambda to: present(to, *STRANGER), lambda to: ask_commitment(to, [], "2.25.7", 0)):
        with pytest.raises(DeliveryError, match=f"ARCHIVE at 127.0.0.1:{listener.port}"):
            ask(to(listener.port))


def test_an_archive_reports_to_the_listener_what_it_keeps_and_what_not(kept, desk):
    endpoint, ds = kept
    transaction, unknown = generate_uid(), generate_uid()
    objects = [(ds.SOPClassUID, ds.SOPInstanceUID), (ds.SOPClassUID, unknown)]
    assert ask_commitment(endpoint, objects, transaction, 0) is None
    [commitment] = wait_until(lambda: desk.commitments)
    assert commitment.transaction_uid == transaction
    assert commitment.stored == {ds.SOPInstanceUID}
    assert set(commitment.failed) == {unknown}
    assert [each.calling for each in desk.callers] == ["ORTHANC"]


def test_an_archive_that_reports_on_the_same_association_is_heard_there():
    node, _ = answering_requests(0x0000, (None, 1))
    with node as port:
        commitment = ask_commitment(to(port), [("1.2.3", "2.25.3")], "2.25.7", PATIENCE)
    assert commitment.transaction_uid == "2.25.7"
    assert commitment.stored == {"2.25.3"}


def test_a_report_on_another_transaction_is_not_taken_for_the_answer():
    node, asked = answering_requests(0x0000, ("2.25.8", 1), (None, 1))
    with node as port:
        assert ask_commitment(to(port), [("1.2.3", "2.25.3")], "2.25.7", PATIENCE).transaction_uid == "2.25.7"
    assert asked[0].answers == [0x0115, 0x0000]


def test_a_report_of_another_kind_is_not_taken_for_the_answer():
    node, asked = answering_requests(0x0000, (None, 3), (None, 1))
    with node as port:
        assert ask_commitment(to(port), [("1.2.3", "2.25.3")], "2.25.7", PATIENCE).stored == {"2.25.3"}
    assert asked[0].answers == [0x0113, 0x0000]


def test_an_archive_is_told_the_transaction_and_the_objects():
    node, asked = answering_requests(0x0000)
    with node as port:
        assert ask_commitment(to(port), [("1.2.3", "2.25.3"), ("1.2.4", "2.25.4")], "2.25.7", 0) is None
    assert asked[0].TransactionUID == "2.25.7"
    references = [
        (each.ReferencedSOPClassUID, each.ReferencedSOPInstanceUID) for each in asked[0].ReferencedSOPSequence
    ]
    assert references == [("1.2.3", "2.25.3"), ("1.2.4", "2.25.4")]


def test_an_archive_that_refuses_the_request_is_named_with_its_status():
    node, _ = answering_requests(0x0110)
    with node as port, pytest.raises(DeliveryError, match=f"ARCHIVE at 127.0.0.1:{port}.*status 0110"):
        ask_commitment(to(port), [("1.2.3", "2.25.3")], "2.25.7", 0)


def test_an_archive_without_storage_commitment_is_named():
    with (
        serving(contexts=[build_context(VERIFICATION)]) as port,
        pytest.raises(DeliveryError, match="it knows no storage commitment"),
    ):
        ask_commitment(to(port), [("1.2.3", "2.25.3")], "2.25.7", 0)
