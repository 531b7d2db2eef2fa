"""A day of X-rays: 200 come from a room and an archive, and their answers lie in the archive, each proven, once."""

import subprocess

import pytest

from cxr_core.dicom.phantoms.machines import MACHINES
from cxr_core.records import Answer
from tests import orthanc
from tests.debian import program
from tests.network.films import SYNTAXES, films
from tests.network.hospital import answer_to, founded, let_send, running
from tests.processes import wait_until

pytestmark = pytest.mark.alone
COUNT = 200
MODALITIES = {"capture": "OT", "report": "SR", "presentation": "PR"}
SAMPLE = 12
LOOK_SECONDS = 0.25
INSTANCE, PATIENT, STUDY, REFERENCED = "00080018", "00100020", "0020000D", "00081155"


class Day:
    """The X-rays, the hospital that they were sent in, and what its archive says of the answers."""

    def __init__(self, hospital, sent):
        self.hospital, self.sent = hospital, sent

    def qido(self, path, **asked):
        return self.hospital.archive.rest(f"/dicom-web/{path}", params=asked)

    def instances(self, film):
        """What QIDO-RS finds in the X-ray's study beside it: the path of each instance, by modality."""
        found = {}
        for series in self.qido(f"studies/{film.study}/series"):
            where = f"studies/{film.study}/series/{value(series, '0020000E')}/instances"
            for each in self.qido(where):
                found[value(series, "00080060")] = f"{where}/{value(each, INSTANCE)}"
        return {modality: path for modality, path in found.items() if modality in MODALITIES.values()}

    def metadata(self, path):
        """What WADO-RS tells of an instance."""
        (found,) = self.hospital.archive.rest(f"/dicom-web/{path}/metadata")
        return found

    def file(self, path, folder):
        """The instance as a file."""
        (found,) = self.hospital.archive.rest("/tools/lookup", "POST", content=path.rsplit("/", 1)[1])
        file = folder / f"{found['ID']}.dcm"
        file.write_bytes(self.hospital.archive.rest(f"/instances/{found['ID']}/file"))
        return file

    def standing(self):
        """What must not change when something comes again."""
        counted = self.hospital.query("SELECT answer, state, count(*) n FROM deliveries GROUP BY answer, state")
        came = self.hospital.query("SELECT count(*) n FROM arrivals")[0]["n"]
        return counted, came, len(self.hospital.archive.rest("/instances"))

    def jobs(self):
        return self.hospital.query("SELECT count(*) n FROM jobs WHERE kind = 'intake' AND state = 'done'")[0]["n"]

    def wait_for(self, jobs):
        """Until so many objects were taken in, or refused, and all answers are at their end."""
        for part in (*range(self.jobs(), jobs, 25), jobs):
            wait_until(lambda part=part: self.jobs() >= part, every=LOOK_SECONDS)
        while left := self.hospital.waiting():
            wait_until(lambda left=left: self.hospital.waiting() < left, every=LOOK_SECONDS)


def value(ds, tag):
    return ds[tag]["Value"][0]


def values_of(ds, tag):
    """All values of an element, however deep, in DICOM JSON."""
    for key, element in ds.items():
        for each in element.get("Value", ()):
            if isinstance(each, dict) and element["vr"] == "SQ":
                yield from values_of(each, tag)
            elif key == tag:
                yield each


@pytest.fixture(scope="module")
def day(tmp_path_factory, authority):
    folder = tmp_path_factory.mktemp("day")
    (folder / "films").mkdir()
    (folder / "archive").mkdir()
    certificate = authority.issue()
    with orthanc.running(folder / "archive", tls=certificate) as archive:
        hospital = founded(folder, archive)
        let_send(hospital, "Room 2", "ROOM2", certificate)
        answer_to(hospital, Answer.CAPTURE, Answer.REPORT, Answer.PRESENTATION)
        with running(hospital, authority.issue()):
            day = Day(hospital, films(folder / "films", COUNT))
            send(day, certificate)
            day.wait_for(COUNT)
            yield day


def send(day, certificate):
    """A quarter by a room, a quarter by a room over TLS, and the same by the archive."""
    hospital, archive = day.hospital, day.hospital.archive
    archive.knows("cxr-tls", "CXRREADER", hospital.tls_port, tls=True)
    held = [archive.upload(film.path.read_bytes()) for film in day.sent]
    send_from_room(day, day.sent[0::4])
    send_from_room(day, day.sent[1::4], tls=certificate, title="ROOM2")
    assert archive.send("cxr", *held[2::4]) == len(held[2::4])
    assert archive.send("cxr-tls", *held[3::4]) == len(held[3::4])


def send_from_room(day, sent, **how):
    """storescu sends them as they are; it proposes one compressed transfer syntax at a time."""
    for syntax, option in SYNTAXES.items():
        files = [film.path for film in sent if film.syntax == syntax]
        done = day.hospital.send(*files, syntax=option, **how)
        assert done.returncode == 0 and "Failed" not in done.stderr + done.stdout


def test_all_come_and_every_answer_is_verified(day):
    assert {film.syntax for film in day.sent} == SYNTAXES.keys()
    assert {film.machine for film in day.sent} == {machine.name for machine in MACHINES}
    assert day.hospital.query("SELECT count(*) n FROM arrivals WHERE image NOT NULL")[0]["n"] == COUNT
    counted, _, instances = day.standing()
    assert {row["state"] for row in counted} == {"verified"}
    sent = {row["answer"]: row["n"] for row in counted}
    assert sent["report"] == COUNT and sent["capture"] > COUNT * 0.9 and sent["presentation"] > COUNT * 0.2
    assert instances == COUNT + sum(sent.values())


def test_qido_finds_each_of_them_once(day):
    sent = {row["answer"]: row["n"] for row in day.standing()[0]}
    for answer, modality in MODALITIES.items():
        assert len(day.qido("series", Modality=modality, limit=1000)) == sent[answer]


@pytest.fixture(scope="module")
def sample(day):
    """X-rays of all machines and syntaxes, with the paths of the answers to each."""
    chosen = {(film.machine, film.syntax): film for film in day.sent}
    more = [film for film in day.sent if film not in chosen.values()][: max(SAMPLE - len(chosen), 0)]
    return [(film, day.instances(film)) for film in (*chosen.values(), *more)]


def test_answers_carry_patient_and_study_of_their_xray_and_refer_to_it(day, sample):
    assert len(sample) >= SAMPLE
    for film, answers in sample:
        assert "SR" in answers
        for path in answers.values():
            found = day.metadata(path)
            assert (value(found, PATIENT), value(found, STUDY)) == (film.patient, film.study)
            assert film.instance in set(values_of(found, REFERENCED))


def test_the_archive_draws_the_pictures(day, sample):
    pictures = [answers["OT"] for _, answers in sample if "OT" in answers]
    assert len(pictures) >= SAMPLE - 2
    for path in pictures:
        drawn = day.hospital.archive.rest(f"/dicom-web/{path}/frames/1/rendered", headers={"Accept": "image/png"})
        assert drawn.startswith(b"\x89PNG") and len(drawn) > 1000


def test_the_validator_finds_no_error_in_any(day, sample, tmp_path):
    dciodvfy, checked = program("dciodvfy", "dicom3tools"), []
    for modality in ("OT", "SR", "PR"):
        for path in [answers[modality] for _, answers in sample if modality in answers]:
            done = subprocess.run(
                [dciodvfy, day.file(path, tmp_path)], capture_output=True, text=True, errors="replace"
            )
            lines = (done.stdout + done.stderr).splitlines()
            assert [line for line in lines if line.startswith("Error")] == []
            checked.append(modality)
    assert set(checked) == set(MODALITIES.values()) and len(checked) >= 2 * SAMPLE


def test_dcmtk_prints_the_reports(day, sample, tmp_path):
    dsrdump = program("/usr/bin/dsrdump", "dcmtk")
    for film, answers in sample:
        done = subprocess.run([dsrdump, day.file(answers["SR"], tmp_path)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "Comprehensive 3D SR Document" in done.stdout and film.patient in done.stdout


def test_what_comes_again_is_not_answered_again(day):
    before, jobs = day.standing(), day.jobs()
    send_from_room(day, day.sent)
    day.wait_for(jobs + COUNT)
    assert day.standing() == before


def test_answers_that_the_archive_sends_back_are_neither_judged_nor_answered(day, sample):
    before, jobs, archive = day.standing(), day.jobs(), day.hospital.archive
    paths = [answers["OT"] for _, answers in sample if "OT" in answers]
    lookups = [archive.rest("/tools/lookup", "POST", content=path.rsplit("/", 1)[1]) for path in paths]
    assert archive.send("cxr", *[found[0]["ID"] for found in lookups]) == len(paths)
    day.wait_for(jobs + len(paths))
    assert day.standing() == before
    said = day.hospital.query("SELECT result FROM jobs WHERE kind = 'intake' ORDER BY id DESC LIMIT ?", len(paths))
    assert all("an answer of this program" in row["result"] for row in said)


def test_reports_that_the_archive_sends_back_are_not_taken(day, sample):
    before, archive = day.standing(), day.hospital.archive
    (found,) = archive.rest("/tools/lookup", "POST", content=sample[0][1]["SR"].rsplit("/", 1)[1])
    body = {"Resources": [found["ID"]], "Synchronous": True}
    assert archive.client.post("/modalities/cxr/store", json=body).is_error
    assert day.standing() == before
