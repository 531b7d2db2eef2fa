"""What works on a home: migrate, import, deidentify, drift, verify, retrain."""

import json
import tracemalloc

import pytest

from cxr_core import __main__
from cxr_core.commands.running import AT_ONCE
from cxr_core.drift.trace import State
from cxr_core.model import release
from cxr_core.records import Lane
from cxr_core.settings import Settings
from cxr_core.store import alarms, workers
from cxr_core.store.db import opened
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.incoming.requests import BULK_FROM
from cxr_core.work.privacy import identity
from tests.dicom.films import dataset, dicom, film, reread, to_bytes
from tests.model.chests import phantom_chest
from tests.processes import command, worker_of
from tests.store.rows import STEPS
from tests.work.hosts import Webhook, serving
from tests.work.sites import files_in, picture, query, zipped


@pytest.fixture
def settings(home):
    return Settings(home=home)


@pytest.fixture
def folder(tmp_path):
    """Files to be taken in; the name of one of them and its header name a person."""
    files = {
        "1.png": picture(1), "2-Jane-Doe.png": picture(2), "3.txt": b"Dear colleague,",
        "4.dcm": to_bytes(dataset(phantom_chest(4, True), PatientID="Doe-17", PatientName="Doe^Jane")),
        "5.zip": zipped({"a.png": picture(5), "b.txt": b"Dear", "c.png": picture(1)}),
    }  # fmt: skip
    for name, data in files.items():
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_bytes(data)
    return tmp_path / "in"


def test_the_home_is_made_once(run, home):
    assert run("migrate").lines == [{"home": str(home), "steps": STEPS}]
    assert run("migrate").lines == [{"home": str(home), "steps": []}]


IMPORTED = [
    ("1.png", None, "predicted", False), ("2-Jane-Doe.png", None, "predicted", False),
    ("3.txt", None, "rejected", False), ("4.dcm", None, "predicted", False), ("5.zip", "1", "predicted", False),
    ("5.zip", "2", "rejected", False), ("5.zip", "3", "predicted", True),
]  # fmt: skip


def as_imported(lines, folder):
    return [(line["path"].removeprefix(f"{folder}/"), line["member"], line["status"], line["known"]) for line in lines]


def test_import_without_a_worker_does_the_work_itself(run, folder, settings):
    answer = run("import", folder)
    assert answer.status == 0
    assert as_imported(answer.lines, folder) == IMPORTED
    assert all(line["reasons"] for line in answer.lines if line["status"] == "rejected")
    assert len(query(settings, "SELECT * FROM images")) == 4
    assert query(settings, "SELECT * FROM workers") == []
    assert files_in(settings, "spool") == []
    assert all(b"Jane" not in path.read_bytes() for path in files_in(settings))


def test_import_that_would_have_to_work_without_the_sites_key_says_so_and_leaves_the_work(run, folder, settings):
    run("migrate")
    identity.make_key(settings.home, COMMAND_LINE, folder.parent / "site.key")
    answer = run("import", folder)
    assert answer.status == 1
    assert "CXR_IDENTITY_KEY" in answer.words
    assert {row["state"] for row in query(settings, "SELECT state FROM jobs")} == {"queued"}


def test_import_again_finds_every_image_known(run, folder, settings):
    run("import", folder)
    again = run("import", folder)
    assert {line["known"] for line in again.lines if line["status"] == "predicted"} == {True}
    assert len(query(settings, "SELECT * FROM images")) == 4


def test_import_leaves_the_work_to_a_running_worker(run, folder, settings):
    run("migrate")
    with worker_of(settings) as process:
        answer = run("import", folder)
        assert process.poll() is None
    assert as_imported(answer.lines, folder) == IMPORTED


def test_import_goes_on_past_a_file_that_is_too_large(run, folder, monkeypatch):
    monkeypatch.setenv("CXR_MAX_UPLOAD_MB", "1")
    (folder / "0.dcm").write_bytes(bytes(2**20 + 1))
    answer = run("import", folder)
    assert answer.lines[0]["status"] == "rejected"
    assert "larger than 1 MB (CXR_MAX_UPLOAD_MB)" in answer.lines[0]["reasons"][0]
    assert as_imported(answer.lines[1:], folder) == IMPORTED


def test_import_keys_the_patient_that_is_named(run, folder, settings):
    run("import", folder / "1.png", folder / "2-Jane-Doe.png", "--patient", "CANARY")
    assert len(query(settings, "SELECT DISTINCT patient FROM images")) == 1
    assert all(b"CANARY" not in path.read_bytes() for path in files_in(settings))


def test_import_holds_one_file_in_memory_at_a_time(run, tmp_path):
    (tmp_path / "in").mkdir()
    for number in range(12):
        (tmp_path / "in" / f"{number}.txt").write_bytes(bytes(4 * 2**20))
    run("import", tmp_path / "in" / "0.txt")  # what is loaded once isn't to be counted
    tracemalloc.start()
    answer = run("import", tmp_path / "in")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [line["status"] for line in answer.lines] == ["rejected"] * 12
    assert most < 3 * 4 * 2**20


@pytest.mark.parametrize(("count", "bulk"), [(BULK_FROM - 1, 0), (AT_ONCE + 1, 1)])
def test_a_large_import_gives_way_to_single_files(run, settings, tmp_path, count, bulk):
    (tmp_path / "in").mkdir()
    for number in range(count):
        (tmp_path / "in" / f"{number}.txt").write_bytes(b"Dear colleague,")
    assert len(run("import", tmp_path / "in").lines) == count
    assert query(settings, "SELECT DISTINCT bulk FROM jobs") == [{"bulk": bulk}]


def test_import_of_nothing_is_one_line(run, tmp_path):
    answer = run("import", tmp_path / "gone")
    assert (answer.status, answer.lines) == (1, [])
    assert "there is no such file or folder" in answer.words


def test_copies_are_deidentified_and_named_by_number(run, folder, tmp_path):
    answer = run("deidentify", folder, tmp_path / "out")
    assert answer.status == 0
    copies = [line["copy"] and line["copy"].removeprefix(f"{tmp_path}/out/") for line in answer.lines]
    assert copies == ["000001.dcm", "000002.dcm", None, "000004.dcm", "000005.dcm", None, "000007.dcm"]
    assert [bool(line["reasons"]) for line in answer.lines] == [copy is None for copy in copies]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [copy for copy in copies if copy]
    content = (tmp_path / "out" / "000004.dcm").read_bytes()
    assert b"Doe" not in content
    assert reread(content).PatientIdentityRemoved == "YES"


def test_copies_of_a_study_in_folders_are_the_same_wherever_the_secret_is(run, home, tmp_path, monkeypatch):
    whose = {"PatientID": "4711", "StudyInstanceUID": "1.2.3", "StudyDate": "20240301"}
    for number, place in enumerate(("a", "a/b/c")):
        (tmp_path / "in" / place).mkdir(parents=True)
        made = dicom(film(rows=80 + number), SOPInstanceUID=f"1.2.3.{number}", **whose)
        (tmp_path / "in" / place / "x.dcm").write_bytes(made)
    run("deidentify", tmp_path / "in", tmp_path / "here")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.key").write_bytes((home / "secret.key").read_bytes())
    monkeypatch.setenv("CXR_HOME", str(tmp_path / "elsewhere"))
    run("deidentify", tmp_path / "in", tmp_path / "there")
    here, there = (
        [path.read_bytes() for path in sorted(tmp_path.glob(f"{place}/*.dcm"))] for place in ("here", "there")
    )
    assert here == there and len(here) == 2
    told = {(copy.PatientID, copy.StudyInstanceUID, copy.StudyDate) for copy in map(reread, here)}
    assert len(told) == 1
    assert not any(value in name for name in told.pop() for value in whose.values())


def test_the_copy_of_one_file_may_be_named(run, folder, tmp_path):
    copy = tmp_path / "copies" / "b.DCM"
    answer = run("deidentify", folder / "4.dcm", copy)
    assert (answer.status, answer.lines) == (0, [{"path": f"{folder}/4.dcm", "copy": str(copy), "reasons": []}])
    assert reread(copy.read_bytes()).PatientIdentityRemoved == "YES"


def test_a_folder_that_is_there_takes_one_copy_whatever_its_name(run, folder, tmp_path):
    (tmp_path / "x.dcm").mkdir()
    assert run("deidentify", folder / "4.dcm", tmp_path / "x.dcm").status == 0
    assert [path.name for path in (tmp_path / "x.dcm").iterdir()] == ["000001.dcm"]


def test_what_is_no_xray_leaves_no_copy(run, folder, tmp_path):
    answer = run("deidentify", folder / "3.txt", tmp_path / "b.dcm")
    assert (answer.status, answer.lines[0]["copy"], bool(answer.lines[0]["reasons"])) == (0, None, True)
    assert not (tmp_path / "b.dcm").exists()


@pytest.mark.parametrize("source", [".", "5.zip"])
@pytest.mark.parametrize("destination", ["b.dcm", "letter"])
def test_several_copies_do_not_go_into_one_file(run, folder, tmp_path, home, source, destination):
    (tmp_path / "letter").write_bytes(b"Dear")
    answer = run("deidentify", folder / source, tmp_path / destination)
    assert (answer.status, answer.lines) == (1, [])
    assert f"{destination}: several files go into a folder" in answer.words
    assert not (tmp_path / "b.dcm").exists()
    assert not home.exists()


@pytest.mark.parametrize("destination", ["in/4.dcm", "in", "other.dcm", "copies"])
def test_no_file_is_overwritten_by_a_copy(run, folder, tmp_path, destination):
    (tmp_path / "copies").mkdir()
    for path in (tmp_path / "other.dcm", tmp_path / "copies" / "000001.dcm", folder / "000001.dcm"):
        path.write_bytes(b"an original")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.dcm")}
    answer = run("deidentify", folder / "4.dcm", tmp_path / destination)
    assert (answer.status, answer.lines) == (1, [])
    assert ".dcm is there already" in answer.words
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.dcm")} == before


def test_a_copy_is_not_keyed_anew_where_the_secret_is_lost(run, folder, home, tmp_path):
    run("migrate")
    (home / "secret.key").unlink()
    answer = run("deidentify", folder / "4.dcm", tmp_path / "out")
    assert answer.status == 1
    assert "secret.key is missing: bring it back from a backup" in answer.words
    assert not (home / "secret.key").exists()


def test_a_patient_has_one_pseudonym_in_copies_and_store(run, folder, settings, tmp_path):
    run("import", folder / "4.dcm")
    run("deidentify", folder / "4.dcm", tmp_path / "out")
    (row,) = query(settings, "SELECT patient FROM images")
    assert reread((tmp_path / "out" / "000001.dcm").read_bytes()).PatientID == row["patient"]


def test_verify_of_a_whole_home_is_0(run, folder, settings):
    run("import", folder)
    (events,) = query(settings, "SELECT count(*) AS n FROM audit")
    answer = run("verify")
    assert (answer.status, answer.words) == (0, "")
    expected = {"audit_events": events["n"], "images": 4, "models": 1, "problems": [], "not_checked": []}
    assert answer.lines == [expected]


def test_verify_of_a_damaged_home_is_1_and_names_the_damage(run, folder, settings):
    run("import", folder)
    path = files_in(settings, "images")[0]
    path.unlink()
    answer = run("verify")
    assert answer.status == 1
    (problem,) = answer.lines[0]["problems"]
    assert path.stem[:12] in problem
    assert answer.words.strip() == f"cxr_core verify: {problem}"


def test_drift_is_json_with_the_states_in_words(run, folder):
    run("import", folder)
    answer = run("drift", "--days", "7")
    assert answer.status == 0, answer.words
    (found,) = answer.lines
    assert (found["model"], found["days"], found["images"]) == (release.card()["name"], 7, 4)
    assert {signal["state"] for signal in found["signals"]} == {State.TOO_FEW.value}
    assert {"mean", "probability"} <= {signal["name"] for signal in found["signals"]}
    assert found["alarms"] == []


def test_drift_exits_with_3_while_an_alarm_is_open(run, settings):
    run("migrate")
    with opened(settings.home) as db:
        alarms.open_one(db, "site", "2026-01-02", "2026-01-01", release.card()["name"], "inverted pictures")
    answer = run("drift")
    assert answer.status == 3
    assert [alarm["guess"] for alarm in answer.lines[0]["alarms"]] == ["inverted pictures"]


def test_drift_writes_files_in_place_of_printing_and_exits_the_same(run, settings, tmp_path):
    run("migrate")
    with opened(settings.home) as db:
        alarms.open_one(db, "site", "2026-01-02", "2026-01-01", release.card()["name"], "inverted pictures")
    paths = {kind: tmp_path / f"drift.{kind}" for kind in ("html", "csv", "prometheus")}
    answer = run("drift", *(word for kind, path in paths.items() for word in (f"--{kind}", path)))
    assert (answer.status, answer.lines) == (3, [])
    assert "inverted pictures" in paths["html"].read_text(encoding="utf-8")
    assert paths["csv"].read_bytes().startswith(b"week,until,scope,")
    assert "\ncxr_drift_messages_given_up_total 0\n" in paths["prometheus"].read_text(encoding="utf-8")
    modes = {kind: path.stat().st_mode & 0o777 for kind, path in paths.items()}
    assert modes == {"html": 0o600, "csv": 0o600, "prometheus": 0o644}, "admins' words are for who runs it alone"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["drift.csv", "drift.html", "drift.prometheus", "home"]
    kinds = query(settings, "SELECT details FROM audit WHERE action = 'export drift' ORDER BY id")
    assert [json.loads(row["details"])["kind"] for row in kinds] == ["html", "csv"]


@pytest.mark.parametrize("kind", ["html", "csv", "prometheus"])
@pytest.mark.parametrize("name", [".", "..", "reports"])
def test_drift_writes_to_no_folder(run, tmp_path, monkeypatch, kind, name):
    run("migrate")
    (tmp_path / "reports").mkdir()
    monkeypatch.chdir(tmp_path)
    answer = run("drift", f"--{kind}", name)
    assert (answer.status, answer.lines) == (1, [])
    assert answer.words == f"cxr_core drift: --{kind} {name}: that is a folder; name a file\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "reports"]


def test_drift_makes_no_folder_of_a_mistyped_name(run, tmp_path, monkeypatch):
    run("migrate")
    monkeypatch.chdir(tmp_path)
    answer = run("drift", "--prometheus", "colector/cxr.prom")
    assert answer.status == 1
    assert "there is no folder colector; make it, or name another" in answer.words
    assert not (tmp_path / "colector").exists()


def test_days_that_the_page_does_not_know_are_refused_in_words(run):
    run("migrate")
    for days in ("0", "5000"):
        assert f"{days} days can't be looked at: 1 to 372 can" in run("drift", "--days", days).words


def test_notify_test_says_what_came_back(run, monkeypatch):
    answer = run("notify-test")
    assert (answer.status, answer.lines) == (1, [])
    assert "set CXR_WEBHOOK_URL, or CXR_MAIL_HOST" in answer.words
    with serving(Webhook()) as webhook:
        monkeypatch.setenv("CXR_WEBHOOK_URL", webhook.url)
        assert run("notify-test").lines == [{"channel": "webhook", "sent": True, "answer": "200 OK"}]
        webhook.answers = [403]
        answer = run("notify-test")
    assert answer.status == 1
    assert "answers 403 Forbidden: check CXR_WEBHOOK_URL" in answer.lines[0]["answer"]
    monkeypatch.setenv("CXR_WEBHOOK_SECRET", "/no/such/file")
    answer = run("notify-test")
    assert answer.status == 1
    assert "the file that CXR_WEBHOOK_SECRET names can't be read (No such file" in answer.lines[0]["answer"]


def test_a_retrain_says_what_it_lacks(run, typed):
    typed("a long password\n")
    run("users", "add", "ada", "--role", "admin")
    plan = run("retrain", "--dry-run")
    assert plan.status == 0
    assert "nothing to learn" in plan.lines[0]["missing"][0]
    answer = run("retrain")
    assert (answer.status, answer.lines) == (1, [])
    assert "nothing to learn" in answer.words


def test_a_retrain_needs_an_admin_and_options_in_range(run, typed):
    run("migrate")
    assert "there is no admin" in run("retrain").words
    typed("a long password\n")
    run("users", "add", "ada", "--role", "admin")
    answer = run("retrain", "--epochs", "0")
    assert answer.status == 1
    assert "epochs 1 to 100" in answer.words


@pytest.mark.parametrize("arguments", [("verify",), ("drift",), ("retrain",), ("retrain", "--dry-run"), ("worker",)])
@pytest.mark.parametrize("is_there", [False, True])
def test_a_home_that_was_never_made_is_one_line_with_the_remedy_and_stays_so(run, home, arguments, is_there):
    if is_there:
        home.mkdir()
    answer = run(*arguments)
    assert (answer.status, answer.lines) == (1, [])
    assert answer.words.strip().endswith("run `python -m cxr_core migrate`")
    assert str(home) in answer.words
    assert len(answer.words.strip().splitlines()) == 1
    assert home.exists() == is_there
    assert list(home.glob("*")) == []


@pytest.mark.parametrize(
    "arguments",
    [("migrate",), ("demo",), ("import", "4.dcm"), ("deidentify", "4.dcm", "b.dcm"),
     ("users", "add", "ada", "--role", "admin")],
)  # fmt: skip
def test_a_home_that_can_not_be_written_is_one_line_with_the_remedy(run, folder, home, monkeypatch, arguments):
    monkeypatch.chdir(folder)
    home.write_bytes(b"a file")
    answer = run(*arguments)
    assert (answer.status, answer.lines) == (1, [])
    assert answer.words.startswith(f"cxr_core {arguments[0]}: {home} can't be written (")
    assert answer.words.strip().endswith("or set CXR_HOME to another")
    assert len(answer.words.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [(), ("nonsense",), ("predict",), ("train", "x"), ("users", "add", "ada"), ("users", "add", "a", "--role", "boss"),
     ("evaluate", "x", "--side", "other"), ("worker", "--lane", "fast"), ("verify", "--force")],
)  # fmt: skip
def test_a_wrong_call_is_2_and_says_how_it_goes(run, arguments):
    answer = run(*arguments)
    assert (answer.status, answer.lines) == (2, [])
    assert "usage: python -m cxr_core" in answer.words


def test_help_is_0():
    names = [name for action in __main__.parser()._subparsers._group_actions for name in action.choices]
    promised = "predict evaluate train import worker migrate deidentify retrain drift verify users"
    assert set(names) >= set(promised.split())
    with pytest.raises(SystemExit) as ended:
        __main__.main(["predict", "--help"])
    assert ended.value.code == 0


def test_a_wrong_setting_is_one_line_and_1(settings):
    found = command(settings, "migrate", CXR_THREADS="many")
    assert found.returncode == 1
    assert found.stdout == ""
    assert found.stderr.strip() == "cxr_core migrate: CXR_THREADS=many: a whole number from 0 to 256 is needed"
    assert not settings.home.exists()


def test_a_misspelt_setting_is_one_line_and_1(settings):
    found = command(settings, "migrate", CXR_IDLE_MINUTS="5")
    assert found.returncode == 1
    assert "unknown setting 'CXR_IDLE_MINUTS' (did you mean CXR_IDLE_MINUTES?)" in found.stderr
    assert len(found.stderr.strip().splitlines()) == 1


def test_the_program_is_run_as_a_module(settings):
    found = command(settings, "migrate")
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["steps"] == STEPS
    assert command(settings).returncode == 2


def test_a_living_worker_of_the_other_lane_does_not_keep_import_waiting(run, folder, settings):
    run("migrate")
    with opened(settings.home) as db:
        workers.register(db, "learner", Lane.LEARNING, "1")
    assert run("import", folder / "1.png").lines[0]["status"] == "predicted"
