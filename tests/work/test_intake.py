"""Intake: an image with an opinion and nothing that identifies, or a plain reason and no trace."""

import gzip
import struct
import zlib

import pytest
from PIL.PngImagePlugin import PngInfo
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from cxr_core import worker
from cxr_core.dicom.phantoms.phantom import Phantom
from cxr_core.dicom.stored import from_stored
from cxr_core.model.dataset import draw_side
from cxr_core.records import JobState, Lane, Status
from cxr_core.store import files, jobs
from cxr_core.store.db import opened
from cxr_core.store.secret import site_secret
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.incoming import pictures, requests, spool
from cxr_core.work.incoming.requests import Upload
from tests.dicom.films import dataset, reread, to_bytes
from tests.model.chests import phantom_chest
from tests.work.sites import files_in, film, new_home, picture, query, take_in, work_off, zipped


@pytest.fixture
def settings(tmp_path):
    return new_home(tmp_path)


def png_header(columns, rows):
    """A PNG that says it is as large as that, and holds next to nothing."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")


def ct():
    return to_bytes(dataset(phantom_chest(1, False), SOPClassUID=CTImageStorage, Modality="CT"))


def lateral():
    ds = reread(film())
    ds.ViewPosition = "LL"
    return to_bytes(ds)


BAD = {
    "text named .dcm": (b"Dear colleague,\n" * 50, "neither DICOM nor PNG nor JPEG"),
    "empty": (b"", "The file is empty: it has 0 bytes"),
    "truncated": (film()[:9000], "cut off"),
    "CT": (ct(), "isn't an X-ray image (CT)"),
    "one pixel": (picture(size=1), "1 x 1 pixels"),
    "500 megapixels": (png_header(25_000, 20_000), "500 megapixels"),
    "zip bomb": (zipped({"bomb.dcm": bytes(64 * 2**20)}), "zip bomb"),
    "damaged zip": (zipped({"a.png": picture()})[:300], "zip archive is damaged"),
}


@pytest.mark.parametrize(
    ("data", "source"),
    [(film(), "dicom"), (picture(), "png"), (picture(kind="JPEG", size=256), "jpeg")],
    ids=["DICOM", "PNG", "JPEG"],
)
def test_an_xray_becomes_an_image_with_an_opinion(settings, data, source):
    (verdict,) = take_in(settings, data)
    assert (verdict.state, verdict.status, verdict.known) == (JobState.DONE, Status.PREDICTED, False)
    (image,) = query(settings, "SELECT * FROM images")
    assert (image["id"], image["source"]) == (verdict.image, source)
    (prediction,) = query(settings, "SELECT * FROM predictions")
    assert (prediction["image"], prediction["status"]) == (verdict.image, "predicted")
    assert 0 <= prediction["probability"] <= 1
    assert len(prediction["heatmap"]) == 49 * 4
    assert len(prediction["embedding"]) == 512 * 2
    radiograph = from_stored(files.get(settings.home, image["file_sha256"]))
    assert radiograph.pixels.shape == (image["pixel_rows"], image["pixel_columns"])
    assert pictures.path(settings.home, COMMAND_LINE, verdict.image).read_bytes().startswith(b"\x1f\x8b")  # gzip
    assert files_in(settings, "spool") == []


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_xray_gets_its_reason_and_leaves_no_trace(settings, name):
    data, why = BAD[name]
    (verdict,) = take_in(settings, data)
    assert (verdict.state, verdict.status, verdict.image) == (JobState.DONE, Status.REJECTED, None)
    assert why in verdict.reasons[0]
    assert files_in(settings, "spool") == files_in(settings, "images") == files_in(settings, "pictures") == []
    for table in ("images", "patients", "predictions"):
        assert query(settings, f"SELECT * FROM {table}") == []


def test_bad_files_do_not_stop_the_batch(settings):
    found = take_in(settings, *(data for data, _ in BAD.values()), film(), picture())
    assert [verdict.status for verdict in found] == [Status.REJECTED] * len(BAD) + [Status.PREDICTED] * 2
    assert files_in(settings, "spool") == []


def test_a_lateral_view_is_kept_and_not_judged(settings):
    (verdict,) = take_in(settings, lateral())
    assert verdict.status == Status.NOT_ANALYSED
    assert "view LL" in verdict.reasons[0]
    (prediction,) = query(settings, "SELECT * FROM predictions")
    assert (prediction["probability"], prediction["label"], prediction["heatmap"]) == (None, None, None)


def test_the_same_image_in_another_file_format_or_header_is_one_image(settings):
    pixels = phantom_chest(1, False)
    as_dicom = [to_bytes(dataset(pixels, PatientID=name, StationName=name)) for name in ("P-1", "P-2")]
    found = take_in(settings, picture(), picture(compress_level=1), *as_dicom, picture())
    assert [verdict.known for verdict in found] == [False, True, True, True, True]
    assert len({verdict.image for verdict in found}) == 1
    assert len(query(settings, "SELECT * FROM images")) == len(query(settings, "SELECT * FROM predictions")) == 1
    assert len(files_in(settings, "images")) == len(files_in(settings, "pictures")) == 1


def test_a_known_image_says_what_was_said_of_it(settings):
    first, again = take_in(settings, lateral(), lateral())
    assert (again.known, again.status, again.reasons) == (True, first.status, first.reasons)
    assert again.status == Status.NOT_ANALYSED


def test_each_file_of_a_zip_gets_its_own_verdict(settings):
    found = take_in(
        settings,
        zipped({"a/film.dcm": film(), "letter.dcm": b"Dear", "b/": b"", "chest.png": picture(), "inner.zip": b"PK"}),
    )
    assert [verdict.member for verdict in found] == ["1", "2", "3", "4"]
    assert [verdict.status for verdict in found] == ["predicted", "rejected", "predicted", "rejected"]
    assert "archive inside the archive" in found[3].reasons[0]
    assert len(query(settings, "SELECT * FROM images")) == 2
    assert files_in(settings, "spool") == []


def test_a_zip_with_nothing_in_it_is_refused(settings):
    (verdict,) = take_in(settings, zipped({"DICOMDIR": b"", "folder/": b""}))
    assert (verdict.status, verdict.reasons) == ("rejected", ("The archive holds no files.",))


def test_the_sites_pattern_finds_the_patients_of_the_files_in_a_zip(tmp_path):
    settings = new_home(tmp_path, patient_pattern=r"^(\d+)_")
    (number,) = requests.take_in(
        settings,
        COMMAND_LINE,
        [Upload("77_all.zip", zipped({"a/12_1.png": picture(1), "12_2.png": picture(2), "13_1.png": picture(3)}))],
    )
    work_off(settings)
    assert len(requests.verdicts(settings.home, COMMAND_LINE, [number])) == 3
    patients = [row["patient"] for row in query(settings, "SELECT patient FROM images ORDER BY received_at")]
    assert patients[0] == patients[1] != patients[2]


def test_a_synthetic_study_is_keyed_the_same_everywhere_and_a_real_one_nowhere_else(tmp_path):
    homes = [new_home(tmp_path / name, key) for name, key in (("one", b"1"), ("two", b"2"))]
    for settings in homes:
        take_in(settings, Phantom(7, True, rows=128).data, to_bytes(dataset(phantom_chest(1, False), PatientID="P-7")))
    keyed = [{row["synthetic"]: row["patient"] for row in query(home, "SELECT * FROM images")} for home in homes]
    assert keyed[0][1] == keyed[1][1]
    assert keyed[0][0] != keyed[1][0]


def test_a_single_file_does_not_wait_for_the_files_of_a_zip(settings):
    (batch,) = requests.take_in(
        settings, COMMAND_LINE, [Upload("a.zip", zipped({"1.png": picture(1), "2.png": picture(2)}))]
    )
    own = worker.new_worker(settings, Lane.READING)
    assert worker.process_one_job(own)
    (single,) = requests.take_in(settings, COMMAND_LINE, [Upload("3.png", picture(3))])
    assert worker.process_one_job(own)
    states = [verdict.state for verdict in requests.verdicts(settings.home, COMMAND_LINE, [single, batch])]
    assert states == [JobState.DONE, JobState.QUEUED, JobState.QUEUED]


def test_the_files_of_one_patient_share_a_pseudonym_and_a_side(settings):
    same = [to_bytes(dataset(phantom_chest(number, False), PatientID="P-7")) for number in (1, 2)]
    take_in(settings, *same, to_bytes(dataset(phantom_chest(3, False), PatientID="P-8")))
    patients = [row["patient"] for row in query(settings, "SELECT patient FROM images ORDER BY received_at")]
    assert patients[0] == patients[1] != patients[2]
    assert len(query(settings, "SELECT * FROM patients")) == 2


def test_the_side_is_drawn_from_pseudonym_and_secret(settings):
    take_in(settings, *(picture(number) for number in range(8)))
    secret = site_secret(settings.home)
    for row in query(settings, "SELECT * FROM patients"):
        assert row["side"] == draw_side(secret + row["pseudonym"].encode())


def test_two_sites_give_one_patient_two_pseudonyms(tmp_path):
    places = [new_home(tmp_path / name, key) for name, key in (("one", b"1"), ("two", b"2"))]
    for place in places:
        take_in(
            place, to_bytes(dataset(phantom_chest(1, False), PatientID="P-7", Manufacturer="Canon", StationName="S1"))
        )
    found = [query(place, "SELECT patient, device, equipment FROM images")[0] for place in places]
    assert all(found[0][name] != found[1][name] for name in ("patient", "device", "equipment"))


def test_the_row_says_what_the_header_says_of_machine_and_exposure(settings):
    model = {"Manufacturer": "Canon", "ManufacturerModelName": "CANARY16"}
    told = to_bytes(dataset(phantom_chest(1, False), KVP="66", ExposureInuAs=1234, StationName="S1", **model))
    same_kind = to_bytes(dataset(phantom_chest(2, False), ExposureTime=5, XRayTubeCurrent=300, **model))
    take_in(settings, told, same_kind, picture(3))
    first, second, third = query(settings, "SELECT * FROM images ORDER BY received_at")
    assert [(row["kvp"], row["exposure_mas"]) for row in (first, second, third)] == [
        (66.0, 1.234), (None, 1.5), (None, None),
    ]  # fmt: skip
    assert first["equipment"] == second["equipment"] != third["equipment"] is None
    assert first["device"] != second["device"]
    stored = files.get(settings.home, first["file_sha256"])
    assert reread(stored).ManufacturerModelName == first["equipment"]
    assert (from_stored(stored).kvp, from_stored(stored).exposure_mas) == (66.0, 1.234)


def test_the_patient_of_a_picture_comes_from_the_form(settings):
    take_in(settings, picture(1), picture(2), patient="4711")
    take_in(settings, picture(3), patient="4712")
    patients = [row["patient"] for row in query(settings, "SELECT patient FROM images ORDER BY received_at")]
    assert patients[0] == patients[1] != patients[2]


def test_the_patient_of_a_picture_comes_from_the_files_name(tmp_path):
    settings = new_home(tmp_path, patient_pattern=r"^(\d+)_")
    take_in(settings, picture(1), picture(2), picture(3), names=["17_a.png", "17_b.png", "18_a.png"])
    patients = [row["patient"] for row in query(settings, "SELECT patient FROM images ORDER BY received_at")]
    assert patients[0] == patients[1] != patients[2]


def test_a_picture_of_nobody_is_a_patient_of_its_own(settings):
    take_in(settings, picture(1), picture(2))
    assert len(query(settings, "SELECT DISTINCT patient FROM images")) == 2


def test_the_header_says_who_it_is_whatever_the_form_says(settings):
    take_in(settings, to_bytes(dataset(phantom_chest(1, False), PatientID="P-7")), patient="form")
    take_in(settings, to_bytes(dataset(phantom_chest(2, False), PatientID="P-7")))
    assert len(query(settings, "SELECT DISTINCT patient FROM images")) == 1


CANARIES = [f"CANARY{number:02d}" for number in range(17)]


def marked_film():
    """A DICOM file with something identifying wherever there is room for it."""
    inner = Dataset()
    inner.PatientName, inner.ReferringPhysicianName = "CANARY06^INNER", "CANARY07"
    inner.RequestAttributesSequence = [Dataset()]
    inner.RequestAttributesSequence[0].RequestedProcedureDescription = "CANARY08"
    ds = dataset(
        phantom_chest(5, False), PatientID="CANARY01", PatientName="CANARY02^JANE", PatientBirthDate="19770315",
        AccessionNumber="CANARY03", InstitutionName="CANARY04", StudyDescription="CANARY05",
        StationName="CANARY09", DeviceSerialNumber="CANARY10", StudyInstanceUID="1.2.840.99.4711.815",
        ManufacturerModelName="CANARY16",
        ImageComments="CANARY11", RequestAttributesSequence=[inner],
    )  # fmt: skip
    block = ds.private_block(0x0011, "CANARY12", create=True)
    block.add_new(0x01, "LO", "CANARY13")
    return to_bytes(ds)


def marked_picture():
    notes = PngInfo()
    notes.add_text("Comment", "CANARY14")
    return picture(6, pnginfo=notes)


def test_nothing_identifying_is_left_anywhere_in_the_home(settings, caplog):
    sent = [marked_film(), marked_picture(), picture(7), marked_film()[:-500], zipped({"CANARY15.png": picture(8)})]
    names = [f"CANARY00-{number}" for number in range(len(sent))]
    with caplog.at_level("DEBUG"):
        found = take_in(settings, *sent, names=names, patient="CANARY15")
    assert [verdict.status for verdict in found] == ["predicted", "predicted", "predicted", "rejected", "predicted"]
    needles = [word.encode() for word in (*CANARIES, "19770315", "4711.815")]
    assert all(any(needle in data for data in (*sent, *map(str.encode, names), b"CANARY15")) for needle in needles)
    for path in files_in(settings):
        packed = path.read_bytes()
        content = gzip.decompress(packed) if path.suffix == ".gz" else packed
        assert [needle for needle in needles if needle in content or needle.decode() in path.name] == []
    with opened(settings.home) as db:
        dump = "\n".join(db.conn.iterdump())
    assert [needle for needle in needles if needle.decode() in dump + caplog.text] == []


def test_the_stored_file_names_nobody(settings):
    take_in(settings, marked_film())
    (path,) = files_in(settings, "images")
    ds = reread(path.read_bytes())
    assert str(ds.PatientName) in ("", str(ds.PatientID))
    assert ds.PatientIdentityRemoved == "YES"
    assert not any(element.tag.is_private for element in ds.iterall())
    assert b"1.2.840.99" not in path.read_bytes()


def test_a_file_that_left_the_spool_says_so(settings):
    numbers = requests.take_in(settings, COMMAND_LINE, [Upload("a.png", picture())])
    for path in files_in(settings, "spool"):
        path.unlink()
    work_off(settings)
    (verdict,) = requests.verdicts(settings.home, COMMAND_LINE, numbers)
    assert (verdict.state, verdict.status) == (JobState.FAILED, Status.REJECTED)
    assert "send it again" in verdict.reasons[0]


def test_the_same_job_done_twice_stores_one_image(settings):
    """A worker that died behind its last write, and the one that took the job over."""
    number = spool.receive(settings.home, picture(), spool.Sender())
    (path,) = files_in(settings, "spool")
    data = path.read_bytes()
    work_off(settings)
    path.write_bytes(data)
    with opened(settings.home) as db:
        db.execute("UPDATE jobs SET state = 'queued' WHERE id = ?", (number,))
    work_off(settings)
    with opened(settings.home) as db:
        assert jobs.get(db, number).result["known"]
    assert len(query(settings, "SELECT * FROM images")) == len(query(settings, "SELECT * FROM predictions")) == 1


def test_taking_in_is_in_the_audit_chain(settings):
    (verdict,) = take_in(settings, picture())
    (event,) = query(settings, "SELECT * FROM audit WHERE action = 'take in'")
    assert (event["actor"], event["subject"]) == ("program", verdict.image)
