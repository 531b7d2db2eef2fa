"""An identifier is known again however it is written; a word that everybody uses is none."""

from __future__ import annotations

import json
from datetime import date
from urllib.parse import quote, quote_plus

import pytest

from cxr_core.dicom.identifiers import Identifier
from cxr_core.work.privacy.spellings import forms_of, listed, needles_of

NEVER = date(2100, 1, 1)


def finds(identifier, data, vocabulary=b"", names=b"", dates_from=NEVER):
    """The encodings in which the identifier is found in `data`."""
    seekers = needles_of([identifier], vocabulary, names, dates_from).seekers()
    return [each.label.encoding for seeker in seekers for each in seeker.find(data)]


@pytest.mark.parametrize("written", [
    "Quimby^Jane", "Quimby^Jane^M", "QUIMBY^JANE", "Jane Quimby", "jane quimby", "Quimby, Jane", "Quimby Jane",
    "jane.quimby@host", "jane_quimby.dcm", "Quimby", "see Mrs. QUIMBY",
])  # fmt: skip
@pytest.mark.parametrize("known", [
    Identifier("patient name", "Quimby^Jane^M^^Dr"), Identifier("person", "Quimby^Jane=x^y"), listed("Quimby, Jane"),
    listed("Jane Quimby"),
])  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_a_name_is_found_in_all_its_forms(written, known, encoding):
    assert encoding in finds(known, b"\xfe\xfe" + written.encode(encoding) + b"\xfe\xfe")


@pytest.mark.parametrize("written", ["Müßig^Jörg", "MÜSSIG^JÖRG", "jörg müßig", "Jörg MÜSSIG".title()])
def test_letters_beyond_ascii_are_found_in_latin_and_in_unicode(written):
    known = Identifier("patient name", "Müßig^Jörg")
    assert "utf-8" in finds(known, written.encode())
    assert "latin-1" in finds(known, written.encode("latin-1"))


@pytest.mark.parametrize("name", ["Müßig^Jörg", "MÜSSIG^JÖRG", "Jörg Müßig", "müßig"])
def test_letters_beyond_ascii_are_found_as_json_and_addresses_write_them(name):
    known = Identifier("patient name", "Müßig^Jörg")
    assert "JSON" in finds(known, json.dumps({"said": f"of {name}, seen"}).encode())
    assert "URL" in finds(known, f"GET /search?who={quote(name)}&all=1".encode())
    assert "URL" in finds(
        known, f"GET /search?who={quote_plus(name, encoding='latin-1', errors='ignore')}&all=1".encode()
    )


@pytest.mark.parametrize("name", ["李小龙", "Łukasz^Żak"])
def test_letters_of_all_scripts_are_found_in_json(name):
    assert "JSON" in finds(Identifier("patient name", name), json.dumps([name]).encode())
    assert finds(Identifier("patient name", name), json.dumps(["nobody"]).encode()) == []


@pytest.mark.parametrize("written", ["19500117", "1950-01-17", "17.01.1950", "01/17/1950", "17/01/1950"])
def test_a_birth_date_is_found_as_people_write_it(written):
    born = Identifier("birth date", "19500117")
    assert finds(born, f"born {written}.".encode()) == ["utf-8"]
    assert finds(born, f"born {written}.".encode(), dates_from=date(1950, 1, 17)) == []


def test_a_word_of_the_program_is_sought_only_with_the_rest_of_the_name():
    normal = Identifier("patient name", "Normal^Chester")
    assert finds(normal, b"it looks Normal", b"abnormal") == []
    assert finds(normal, b"Normal, Chester", b"abnormal chester") == ["utf-8"]
    assert finds(Identifier("patient name", "King^Rex"), b"a king", b"walking") == ["utf-8"]
    assert finds(Identifier("patient name", "King^Rex"), b"a king", b"the king") == []


def test_what_somebody_here_is_called_is_not_sought():
    assert finds(Identifier("device", "ROOM-17"), b"from ROOM-17", b"ROOM-17") == ["utf-8"]
    assert finds(Identifier("device", "ROOM-17"), b"from ROOM-17", names=b"ct\nroom-17") == []


def test_what_is_left_out_is_counted():
    known = [listed("Normal"), listed("P1"), Identifier("birth date", "20200102"), listed("4711-0815")]
    needles = needles_of(known, b"it is normal", b"", date(2015, 1, 1))
    assert (needles.sought, needles.common, needles.too_short, needles.recent) == (1, 1, 1, 1)


def test_five_characters_are_sought_in_text_and_six_anywhere():
    needles = needles_of([listed("A-471"), listed("A-4711")], b"", b"", NEVER)
    assert set(needles.in_text) == {b"a-471"}
    assert {label.encoding for label in needles.anywhere.values()} == {"utf-8", "utf-16-le", "utf-16-be"}


def test_of_a_long_one_the_beginning_is_sought():
    (form,) = forms_of(Identifier("address", "1 " * 100))
    assert len(form) == 63 or len(form) == 64
