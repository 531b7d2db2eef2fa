"""What goes to the log: a line each, in the form that was asked for, and nothing that an error or a library quotes."""

import asyncio
import gc
import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from cxr_core.errors import BadInput, IntegrityError
from cxr_core.logs import JSON, TEXT, AsJson, AsText

ROOT = Path(__file__).parents[1]
CANARY = "QUIMBY^JANE"


def record(message, *values, logger="cxr_core.worker", error=None):
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord(logger, logging.ERROR, "some/file.py", 7, message, values, info)


def raised(error):
    try:
        raise error
    except type(error) as caught:
        return caught


def test_an_entry_is_one_line_of_json_with_what_a_collector_wants():
    told = AsJson("worker reading").format(record("job %s\nfailed", 4))
    assert "\n" not in told
    entry = json.loads(told)
    assert list(entry) == ["time", "level", "logger", "message", "process", "pid"]
    assert (entry["level"], entry["logger"], entry["process"]) == ("error", "cxr_core.worker", "worker reading")
    assert entry["message"] == "job 4\nfailed"
    assert entry["time"].endswith("+00:00")


@pytest.mark.parametrize("form", [AsText(), AsJson("web")], ids=[TEXT, JSON])
@pytest.mark.parametrize(
    "error", [ValueError(CANARY), BadInput(CANARY), FileNotFoundError(2, "No such file", CANARY), KeyError(CANARY)]
)
def test_of_an_error_there_are_kind_and_place_and_no_words(form, error):
    told = form.format(record("job 4 failed", error=raised(error)))
    assert type(error).__name__ in told
    assert "test_logs.py" in told
    assert " raised" in told
    assert CANARY not in told


def test_what_led_to_an_error_is_told_as_well():
    try:
        try:
            raise ValueError(CANARY)
        except ValueError as cause:
            raise OSError(28, "") from cause
    except OSError as error:
        entry = json.loads(AsJson("web").format(record("it failed", error=error)))
    assert entry["error"] == ["OSError: No space left on device", "ValueError"]


def test_errors_that_are_about_the_installation_keep_their_remedy():
    assert "bring it back from a backup" in AsText().format(
        record("it failed", error=raised(IntegrityError("secret.key is missing: bring it back from a backup")))
    )


@pytest.mark.parametrize("form", [AsText(), AsJson("web")], ids=[TEXT, JSON])
def test_a_library_is_quoted_with_its_place_alone(form):
    told = form.format(record("Invalid value for VR PN: %s", CANARY, logger="pydicom"))
    assert "a library warns in file, line 7" in told
    assert CANARY not in told


async def fail():
    raise ValueError(f"DOE^{CANARY}")


async def leave_a_task_behind():
    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert task.done()
    del task
    gc.collect()


@pytest.mark.parametrize("form", [AsText(), AsJson("web")], ids=[TEXT, JSON])
def test_a_task_that_failed_unheard_is_told_by_its_place(form, caplog):
    asyncio.run(leave_a_task_behind())
    (left,) = [found for found in caplog.records if found.name == "asyncio"]
    assert CANARY in left.getMessage()
    told = form.format(left)
    assert "a library warns in" in told
    assert "ValueError" in told
    assert CANARY not in told


@pytest.mark.parametrize("form", [AsText(), AsJson("web")], ids=[TEXT, JSON])
def test_what_streamlit_quotes_of_a_provider_is_left_out(form):
    logger = "streamlit.web.server.oauth_authlib_routes"
    told = form.format(record("Error during authentication: %s", f"nobody called {CANARY}", logger=logger))
    assert "a library warns in file, line 7" in told
    assert "ERROR" in told.upper()
    assert CANARY not in told


PROGRAM = f"""
import threading, warnings, logging
from cxr_core import logs
logs.begin("json", "a test")
logging.getLogger("pydicom").warning("{CANARY}")
logging.getLogger("cxr_core").info("it begins")
warnings.warn("{CANARY}")
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
raise ValueError("{CANARY}")
"""


def test_all_that_a_process_says_is_json_to_its_end():
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=60)
    entries = [json.loads(line) for line in done.stderr.splitlines()]
    assert [entry["message"].split(" in ")[0] for entry in entries] == [
        "a library warns", "it begins", "UserWarning", "a thread ended", "the program ended",
    ]  # fmt: skip
    assert [entry.get("error") for entry in entries][-2:] == [["ZeroDivisionError"], ["ValueError"]]
    assert CANARY not in done.stderr + done.stdout


def test_a_command_that_fails_says_so_in_the_form_that_was_asked_for(tmp_path):
    line = [sys.executable, "-m", "cxr_core", "verify"]
    said = {
        form: subprocess.run(
            line, cwd=ROOT, env={"CXR_HOME": str(tmp_path), "CXR_LOG": form}, capture_output=True, text=True, timeout=60
        )
        for form in (TEXT, JSON)
    }
    assert [done.returncode for done in said.values()] == [1, 1]
    (entry,) = map(json.loads, said[JSON].stderr.splitlines())
    assert entry["message"] + "\n" == said[TEXT].stderr
    assert entry["process"] == "verify"
