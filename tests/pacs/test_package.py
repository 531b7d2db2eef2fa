"""What of a DICOM file goes over the network, and in which contexts."""

from io import BytesIO

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
)
from pynetdicom.presentation import build_context

from cxr_core.errors import BadInput
from cxr_core.pacs.package import chosen, packed, proposed
from tests.pacs.objects import converted, data_set, xray

EXPLICIT, IMPLICIT = ExplicitVRLittleEndian, ImplicitVRLittleEndian


def syntaxes(*files):
    return [each.transfer_syntax[0] for each in proposed([packed(file) for file in files])]


def accepted(package, *found):
    return [build_context(package.sop_class, each) for each in found]


def test_a_package_has_the_names_of_its_object_and_its_bytes():
    ds, package = dcmread(BytesIO(xray(0))), packed(xray(0))
    assert (package.sop_class, package.sop_instance) == (ds.SOPClassUID, ds.SOPInstanceUID)
    assert package.transfer_syntax == EXPLICIT
    assert package.data_set(EXPLICIT) == data_set(xray(0))


def test_what_is_no_dicom_file_is_refused():
    nameless = Dataset()
    nameless.file_meta = FileMetaDataset()
    nameless.file_meta.TransferSyntaxUID = EXPLICIT
    written = BytesIO()
    nameless.save_as(written, enforce_file_format=False, implicit_vr=False, little_endian=True)
    for bad in (b"", b"text" * 100, bytes(128) + b"DICM", bytes(128) + b"DICM" + written.getvalue()):
        with pytest.raises(BadInput, match="no DICOM file"):
            packed(bad)


def test_without_compression_both_plain_syntaxes_are_offered_its_own_first(tmp_path):
    assert syntaxes(xray(0)) == [EXPLICIT, IMPLICIT]
    assert syntaxes(xray(0, "DEMO-CAN-1")) == [IMPLICIT, EXPLICIT]
    deflated = converted(tmp_path, xray(0), "dcmconv", "+td")
    assert syntaxes(deflated) == [DeflatedExplicitVRLittleEndian, EXPLICIT, IMPLICIT]


def test_compressed_and_big_endian_go_as_they_are_or_not_at_all(tmp_path):
    assert syntaxes(xray(0, "DEMO-PHI-1")) == [JPEGLSLossless]
    assert syntaxes(converted(tmp_path, xray(0), "dcmconv", "+tb")) == [ExplicitVRBigEndian]


def test_each_context_is_offered_once():
    assert syntaxes(xray(0), xray(1), xray(2, "DEMO-CAN-1")) == [EXPLICIT, IMPLICIT]


def test_its_own_syntax_is_chosen_where_it_is_accepted():
    package = packed(xray(0))
    assert chosen(package, accepted(package, IMPLICIT, EXPLICIT)).transfer_syntax == [EXPLICIT]
    assert chosen(package, accepted(package, IMPLICIT)).transfer_syntax == [IMPLICIT]
    assert chosen(package, accepted(package, JPEGLSLossless)) is None
    assert chosen(package, []) is None


def test_written_anew_it_has_the_same_elements():
    package = packed(xray(0))
    again = dcmread(BytesIO(package.data_set(IMPLICIT)), force=True)
    assert again.is_implicit_VR
    assert dict(again) == dict(dcmread(BytesIO(xray(0)))) or list(again) == list(dcmread(BytesIO(xray(0))))
