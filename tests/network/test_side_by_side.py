"""Processes receive side by side: each does, none is missed for long, and none is left behind."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.network.hospital import TITLE, founded, listening
from tests.network.test_being_seen import NoArchive
from tests.pacs.objects import xray
from tests.pacs.peers import PATIENCE, Line, stored, storing
from tests.processes import command, kill, wait_until

pytestmark = pytest.mark.alone


@pytest.fixture
def hospital(tmp_path):
    hospital = founded(tmp_path, NoArchive())
    with ExitStack() as stack:
        listening(hospital, stack)
        yield hospital


def receivers(hospital):
    """The processes that receive, once all do."""
    return wait_until(lambda: [each for each in children(hospital.listener.pid) if len(tasks(each)) > 1])


def children(process):
    return [int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def tasks(process):
    return list(Path(f"/proc/{process}/task").glob("*"))


def all_receive(hospital):
    """As many processes as there are cores."""
    count = min(len(os.sched_getaffinity(0)), 8)
    return wait_until(lambda: found if len(found := receivers(hospital)) == count else None)


def state(process):
    """As Linux has it: T is stopped, Z ended; empty where there is none."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return ""


@contextmanager
def only(process, hospital):
    """While the block runs, no other process goes on than this one of those that receive."""
    others = [each for each in receivers(hospital) if each != process]
    for each in others:
        os.kill(each, signal.SIGSTOP)
        wait_until(lambda each=each: state(each) == "T")
    try:
        yield
    finally:
        for each in others:
            os.kill(each, signal.SIGCONT)


def on_the_way(hospital, process, number, stack):
    """An X-ray that has begun to come to this process; the line that holds it up, and the answer to come."""
    with only(process, hospital):
        line = stack.enter_context(Line(hospital.port, 10_000))
        assoc = stack.enter_context(storing(line, xray(number), title=TITLE))
        answer = stack.enter_context(ThreadPoolExecutor(1)).submit(stored, assoc, xray(number))
        assert line.held.wait(PATIENCE)
    return line, answer


def taken(hospital):
    return len(hospital.query("SELECT 1 FROM jobs WHERE kind = 'intake'"))


def refuses_connections(hospital):
    with storing(hospital, xray(0), title=TITLE) as assoc:
        return not assoc.is_established and not assoc.is_rejected


def test_each_process_receives(hospital):
    for number, process in enumerate(all_receive(hospital), start=1):
        with only(process, hospital), storing(hospital, xray(number), title=TITLE) as assoc:
            assert stored(assoc, xray(number)) == 0
        assert taken(hospital) == number


def test_one_that_is_killed_is_replaced_and_loses_nothing_that_it_acknowledged(hospital, tmp_path):
    before = all_receive(hospital)
    with ExitStack() as stack:
        with only(before[0], hospital), storing(hospital, xray(1), title=TITLE) as assoc:
            assert stored(assoc, xray(1)) == 0
        line, answer = on_the_way(hospital, before[0], 2, stack)
        os.kill(before[0], signal.SIGKILL)
        line.goes_on.set()
        assert answer.result() is None
    assert taken(hospital) == len(list((hospital.home / "spool").iterdir())) == 1
    (another,) = wait_until(lambda: set(all_receive(hospital)) - set(before))
    with only(another, hospital), storing(hospital, xray(2), title=TITLE) as assoc:
        assert stored(assoc, xray(2)) == 0
    assert "a process that receives has ended (-9)" in (tmp_path / "listen.log").read_text()


def test_what_is_on_its_way_to_any_is_taken_and_acknowledged_before_the_end(hospital):
    with ExitStack() as stack:
        coming = [on_the_way(hospital, each, number, stack) for number, each in enumerate(all_receive(hospital))]
        hospital.listener.terminate()
        wait_until(lambda: refuses_connections(hospital))
        for line, _ in coming:
            line.goes_on.set()
        assert [answer.result() for _, answer in coming] == [0] * len(coming)
    assert hospital.listener.wait(PATIENCE) == 0
    assert taken(hospital) == len(coming)


def test_killed_it_leaves_no_process_and_its_port_is_free(hospital):
    left = all_receive(hospital)
    kill(hospital.listener)
    wait_until(lambda: {state(each) for each in left} <= {"", "Z"})
    hospital.listener.stdout.close()
    with ExitStack() as stack:
        listening(hospital, stack, CXR_LISTEN_PORT=str(hospital.port))
        with storing(hospital, xray(0), title=TITLE) as assoc:
            assert stored(assoc, xray(0)) == 0


def test_another_at_the_same_port_ends_and_names_it(hospital):
    second = command(hospital.settings, "listen", CXR_LISTEN_PORT=str(hospital.port))
    assert second.returncode == 1
    assert f"can't listen at 127.0.0.1:{hospital.port} (Address already in use)" in second.stderr
