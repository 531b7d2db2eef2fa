"""pacs: setting the hospital's network up, as its administrator types it."""

from __future__ import annotations

import pytest
from pynetdicom import build_context

from cxr_core.pacs.contexts import VERIFICATION
from tests.orthanc import free_port
from tests.pacs.peers import serving


@pytest.mark.parametrize("words", [
    ("let", "Router", "--ae-title", "ROUTER", "--network", "10.1.2.0/24"), ("to", "Archive", "PACS@10.1.2.3:104"),
    ("echo", "Archive"), ("rule", "Archive"), ("status",), ("ledger",), ("again", "1"),
])  # fmt: skip
def test_without_a_home_a_command_says_how_one_is_made(run, home, words):
    told = run("pacs", *words)
    assert (told.status, told.lines) == (1, [])
    assert "python -m cxr_core migrate" in told.words
    assert not home.exists()


def test_an_echo_tells_whether_a_destination_answers(run, tmp_path):
    assert run("pacs", "key", tmp_path / "identity.key").status == 0
    with serving(contexts=[build_context(VERIFICATION)]) as port:
        assert run("pacs", "to", "Archive", f"ARCHIVE@127.0.0.1:{port}").status == 0
        (line,) = run("pacs", "echo", "Archive").lines
        assert line["destination"] == "Archive"
        assert line["milliseconds"] > 0
    assert run("pacs", "to", "Gone", f"ARCHIVE@127.0.0.1:{free_port()}").status == 0
    told = run("pacs", "echo", "Gone")
    assert (told.status, told.lines, "check the port" in told.words) == (1, [], True)
    assert "no destination" in run("pacs", "echo", "Nobody").words


def destination(run):
    (found,) = [line for line in run("pacs", "status").lines if "destination" in line and "rule" not in line]
    return found


def test_a_destination_moves_and_keeps_its_proof_unless_another_is_named(run):
    assert run("migrate").status == 0
    assert run("pacs", "to", "PACS", "OLD@10.1.2.3:104", "--proof", "commitment").status == 0
    assert run("pacs", "to-elsewhere", "PACS", "NEW@10.1.2.4:105", "--tls").status == 0
    found = destination(run)
    assert (found["called"], found["host"], found["port"], found["tls"]) == ("NEW", "10.1.2.4", 105, True)
    assert found["proof"] == "commitment"
    assert run("pacs", "to-elsewhere", "PACS", "https://pacs.hospital/web", "--proof", "none").status == 0
    found = destination(run)
    assert (found["kind"], found["url"], found["proof"]) == ("stow", "https://pacs.hospital/web", "none")
    assert run("pacs", "to-elsewhere", "Other", "NEW@10.1.2.4:105").status == 1
