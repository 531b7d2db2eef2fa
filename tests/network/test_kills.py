"""Killed anywhere on the way in or out: nothing that was acknowledged is lost, and nothing is answered twice."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import sys
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from cxr_core import clock, listening
from cxr_core.dicom.phantoms.phantom import phantom
from cxr_core.dicom.reading import named
from cxr_core.records import Answer, Lane
from cxr_core.work import opening
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import arriving, delivering
from cxr_core.work.verifying import verify
from cxr_core.worker import standing_in
from tests import orthanc
from tests.network.hospital import answer_to, founded
from tests.orthanc import free_port
from tests.processes import PATIENCE

COUNTING = """
function ReceivedInstanceFilter(dicom, origin)
  local file = io.open("{}", "a")
  file:write(dicom.SOPInstanceUID .. "\\n")
  file:close()
  return true
end
"""
"""What Orthanc does with whatever comes, before it looks whether it has that already (Lua)."""
pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("one_thread")]
RECEIVING, SENDING = 10, 10
"""Kills on the way in, and between there and the archive."""
TAKEN = r"Sending file: (\S+)(?:(?!Sending file).)*?Received Store Response \(Success\)"
"""What storescu says of a file that was acknowledged."""
COUNTED = "received.txt"
"""Where the archive writes a line for each object that it is sent, in the order that they come."""
FILMS = 2
"""Sent in each round."""
FORKED = multiprocessing.get_context("fork")
"""What is loaded already isn't loaded again for each victim; the parent has computed nothing with threads."""


class Round:
    """One life of a part of the program: in a process of its own, which may be killed at one of its own calls.

    Those of processes that it starts are its own, too, and end it.
    """

    def __init__(self, act, hospital, limit=None):
        self._calls = FORKED.Value("q", 0, lock=False)
        self.heard, told = FORKED.Pipe(duplex=False)
        self.process = FORKED.Process(target=self._live, args=(act, hospital, told, limit))
        self.process.start()
        told.close()

    def _live(self, act, hospital, told, limit):
        whole = os.getpid()

        def look(frame, event, argument):
            where = frame.f_code.co_filename
            if event == "call" and "cxr_core" in where and not where.endswith("wire.py"):  # which asks all the time
                self._calls.value += 1
                if limit and self._calls.value >= limit:
                    os.kill(whole, signal.SIGKILL)
                    os.kill(os.getpid(), signal.SIGKILL)

        threading.setprofile(look)
        sys.setprofile(look)
        act(hospital, told)

    def ended(self):
        """How it ended, and how many calls it had made."""
        self.process.join(PATIENCE)
        assert self.process.exitcode in (0, -signal.SIGKILL), "it hangs, or failed"
        return self.process.exitcode, self._calls.value


def listen(hospital, told):
    listening.run(replace(hospital.settings, listen_port=free_port(), ae_title="CXRREADER"), told.send)


def work(hospital, told):
    """Take over what others left, judge what came, deliver the answers, and have that confirmed later on."""
    with standing_in(hospital.settings, Lane.READING) as step:
        while step():
            pass
        for later in (1, 2):
            with clock.at(clock.now() + timedelta(hours=later)):
                delivering.deliver_to(hospital.settings, 1, "a worker")


def films(hospital, number):
    """The files of a round."""
    paths = [hospital.folder / f"{number}-{each}.dcm" for each in range(FILMS)]
    for each, path in enumerate(paths):
        path.write_bytes(phantom(number * FILMS + each, bool(each), machine="DEMO-SIE-1", rows=160))
    return paths


def come(hospital, number, limit=None):
    """The listener of a round, which may be killed; what storescu was told is taken, how it ended, and its calls."""
    life = Round(listen, hospital, limit)
    try:
        (hospital.port,) = life.heard.recv()
    except EOFError:  # killed before it listened
        return [], *life.ended()
    sent = hospital.send(*films(hospital, number))
    if life.process.is_alive():
        life.process.terminate()
    taken = re.findall(TAKEN, sent.stdout + sent.stderr, re.S)
    return taken, *life.ended()


def names(hospital, paths):
    """What the objects in these files are called in the ledger."""
    secret = {synthetic: opening.secret_for(hospital.home, synthetic) for synthetic in (True, False)}
    found = [named(Path(path).read_bytes()) for path in paths]
    return [arriving.object_name(secret[each.synthetic], each) for each in found]


@pytest.fixture
def hospital(tmp_path):
    (tmp_path / "archive").mkdir()
    script = tmp_path / "count.lua"
    script.write_text(COUNTING.format(tmp_path / COUNTED))
    with orthanc.running(tmp_path / "archive", LuaScripts=[str(script)]) as archive:
        hospital = founded(tmp_path, archive)
        archive.knows("cxr", "CXRREADER", 11112)
        hospital.settings = replace(hospital.settings, ae_title="CXRREADER")
        answer_to(hospital, Answer.CAPTURE, Answer.REPORT)
        yield hospital


def limits(calls, count, seed):
    return map(int, np.random.default_rng(seed).integers(1, calls, count))


def judged_once(hospital):
    """Every object that came is there and was judged once, and nothing else was; the home is whole."""
    assert verify(hospital.home, COMMAND_LINE)["problems"] == []
    assert hospital.query("SELECT * FROM jobs WHERE state <> 'done'") == []
    each = hospital.query(
        "SELECT count(*) n, count(DISTINCT a.image) images FROM arrivals a JOIN predictions p ON p.image = a.image"
    )[0]
    came = hospital.query("SELECT object FROM arrivals")
    assert each["n"] == each["images"] == len(came)
    return {row["object"] for row in came}


def answered_once(hospital):
    """What lies in the archive is what the ledger says, each once, in its own study, and came there once."""
    assert hospital.states().keys() == {"verified"}
    received = (hospital.folder / COUNTED).read_text().split()
    assert len(set(received)) == len(received) == sum(hospital.states().values())
    tags = [hospital.archive.rest(f"/instances/{each}/simplified-tags") for each in hospital.archive.rest("/instances")]
    assert len({each["SOPInstanceUID"] for each in tags}) == len(tags) == sum(hospital.states().values())
    found = sorted((each["StudyInstanceUID"], each["Modality"]) for each in tags)
    assert len(set(found)) == len(found)
    said = hospital.query("SELECT status, count(*) n FROM predictions GROUP BY status")
    wanted = {row["status"]: row["n"] for row in said}
    assert len(tags) == 2 * wanted["predicted"] + wanted.get("not_analysed", 0)


def test_killed_at_any_of_ten_points_on_the_way_in_nothing_acknowledged_is_lost(hospital):
    taken, code, calls = come(hospital, 0)
    assert code == 0 and len(taken) == FILMS
    ended = []
    for number, limit in enumerate(limits(calls, RECEIVING, 20), start=1):
        now, code, _ = come(hospital, number, limit)
        taken, ended = taken + now, [*ended, code]
    assert ended.count(-signal.SIGKILL) >= RECEIVING - 1
    assert Round(work, hospital).ended()[0] == 0
    assert set(names(hospital, taken)) <= judged_once(hospital)
    answered_once(hospital)


def test_killed_at_any_of_ten_points_on_the_way_out_nothing_is_judged_or_answered_twice(hospital):
    taken, ended = come(hospital, 0)[0], []
    code, calls = Round(work, hospital).ended()
    assert code == 0
    for number, limit in enumerate(limits(calls, SENDING, 21), start=1):
        taken += come(hospital, number)[0]
        ended.append(Round(work, hospital, limit).ended()[0])
        assert Round(work, hospital).ended()[0] == 0
        assert set(names(hospital, taken)) == judged_once(hospital)
    assert ended.count(-signal.SIGKILL) >= SENDING - 1
    assert len(taken) == FILMS * (SENDING + 1)
    answered_once(hospital)
