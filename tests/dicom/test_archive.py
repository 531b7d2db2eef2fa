"""Zip archives: what is in them, and every way in which one can lie."""

import struct
import zipfile

import pytest

from cxr_core.dicom.archive import Limits, is_zip, members
from cxr_core.errors import RejectedFile
from tests.dicom.films import zipped


def reasons(data, limits=None):
    return {member.name: member.rejected.reason if member.rejected else None for member in members(data, limits)}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_come_with_name_and_bytes(method):
    files = {"a.dcm": b"one" * 1000, "folder/b.png": b"two", "folder/leer.dcm": b""}
    found = list(members(zipped(files, method)))
    assert {member.name: member.data for member in found} == files
    assert all(member.rejected is None for member in found)


def test_an_archive_is_known_by_its_content():
    assert is_zip(zipped({"a": b"1"})) and is_zip(zipped({}))
    assert not is_zip(b"PKunzip is a program") and not is_zip(b"")


def test_what_is_no_image_by_its_name_is_left_out():
    names = ("DICOMDIR", "disc/dicomdir", "__MACOSX/._a.dcm", ".DS_Store", "folder/.hidden/a.dcm", "empty/", "a.dcm")
    assert list(reasons(zipped(dict.fromkeys(names, b"x")))) == ["a.dcm"]


def test_members_are_unpacked_one_by_one():
    data = bytearray(zipped({"a": b"1" * 100, "b": b"2" * 100}, zipfile.ZIP_STORED))
    stream = members(bytes(data))
    assert next(stream).name == "a"
    assert next(stream).name == "b"
    assert list(stream) == []


def test_after_a_bad_member_the_next_one_comes():
    data = bytearray(zipped({"a": b"1" * 100, "b": b"2" * 100, "c.zip": b"3", "d": b"4"}, zipfile.ZIP_STORED))
    data[data.index(b"2" * 100)] ^= 1
    assert reasons(bytes(data)) == {"a": None, "b": "damaged", "c.zip": "archive_in_archive", "d": None}


def test_an_encrypted_member_is_refused():
    data = bytearray(zipped({"a": b"1" * 100}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    assert reasons(bytes(data)) == {"a": "encrypted"}


def test_another_compression_is_refused():
    assert reasons(zipped({"a": b"1" * 100}, zipfile.ZIP_LZMA)) == {"a": "damaged"}


def test_a_bomb_is_stopped_while_it_unpacks():
    data = zipped({"bomb": bytes(40 * 2**20), "a": b"1"})
    assert len(data) < 100_000
    assert reasons(data) == {"bomb": "zip_bomb", "a": None}


def test_a_size_that_is_a_lie_is_not_believed():
    data = bytearray(zipped({"bomb": bytes(3 * 2**20)}))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<L", data, data.index(signature) + offset, 10)
    assert reasons(bytes(data), Limits(member=2**20))["bomb"] in ("damaged", "too_large")


def test_the_limits_hold():
    data = zipped({str(number): b"x" * 600_000 for number in range(4)}, zipfile.ZIP_STORED)
    assert reasons(data, Limits(member=500_000)) == dict.fromkeys("0123", "too_large")
    assert reasons(data, Limits(total=1_300_000)) == {"0": None, "1": None, "2": "too_large", "3": "too_large"}
    with pytest.raises(RejectedFile) as refused:
        list(members(data, Limits(members=3)))
    assert refused.value.reason == "too_many_files"


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"PK\x03\x04" + b"x" * 500])
def test_a_broken_archive_is_refused_as_a_whole(data):
    with pytest.raises(RejectedFile) as refused:
        list(members(data))
    assert refused.value.reason == "damaged"


def test_a_file_whose_name_leads_elsewhere_is_a_file_like_others():
    assert list(reasons(zipped(dict.fromkeys(("../up.dcm", "/root.dcm"), b"x")))) == ["../up.dcm", "/root.dcm"]


def test_a_file_without_a_name_hides_no_other():
    whole = zipped({"x": b"nameless", "a.dcm": b"named"}, zipfile.ZIP_STORED)
    nameless = whole.replace(b"xnameless", b"\0nameless").replace(b"\0\0\0x", b"\0\0\0\0")
    assert {member.name: member.data for member in members(nameless)} == {"": b"nameless", "a.dcm": b"named"}
