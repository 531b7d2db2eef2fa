"""What the network is offered is what the program reads, and says who it is."""

from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from cxr_core.dicom import decoders, marks
from cxr_core.pacs import contexts

UNCOMPRESSED = {
    ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian
}  # fmt: skip


def test_all_transfer_syntaxes_that_are_read_are_accepted_and_no_other():
    assert set(contexts.TRANSFER_SYNTAXES) == UNCOMPRESSED | set(decoders._DECODERS)


def test_no_sender_that_has_a_choice_is_told_to_lose_something():
    kept = [each in decoders.LOSSY for each in contexts.TRANSFER_SYNTAXES]
    assert kept == sorted(kept)


def test_the_network_and_the_files_name_the_same_implementation():
    named = contexts.IMPLEMENTATION_CLASS_UID, contexts.IMPLEMENTATION_VERSION_NAME
    assert named == (marks.IMPLEMENTATION_CLASS_UID, marks.IMPLEMENTATION_VERSION_NAME)
