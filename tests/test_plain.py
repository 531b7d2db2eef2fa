"""Texts of others on a terminal, in a log and as names."""

import io
import logging

import pytest

from cxr_core.commands.output import say
from cxr_core.errors import BadInput
from cxr_core.logs import AsJson, AsText
from cxr_core.plain import plain
from cxr_core.records import Role
from cxr_core.work import people
from cxr_core.work.csv_text import as_csv
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import connecting
from cxr_core.work.opening import open_home

UNSEEN = [
    "\x1b[2J",
    "\x9b31m",
    "\x07",
    "\x7f",
    "\r",
    "\n",
    "\0",
    "\u202e",
    "\u2066",
    "\u200b",
    "\u200d",
    "\ufeff",
    "\u2028",
]
"""Terminal codes, line ends, directions, and what takes no room."""
NAMES = ["Dr. Müller", "O'Neil", "木村", "Зайцева", "<b>bold</b>", "ann@ward-3"]


@pytest.mark.parametrize("unseen", UNSEEN)
def test_what_is_not_seen_is_written_out(unseen):
    assert plain(f"a{unseen}b").isprintable()
    assert plain(f"a{unseen}b") != "ab"


@pytest.mark.parametrize("name", NAMES)
def test_what_people_are_called_stays_as_it_is(name):
    assert plain(name) == name


def test_nobody_is_called_by_what_is_not_seen(tmp_path):
    open_home(tmp_path)
    for unseen in UNSEEN:
        with pytest.raises(BadInput, match="don't show") as refused:
            people.add_user(tmp_path, COMMAND_LINE, f"an{unseen}n", Role.RADIOLOGIST, "a long password")
        assert str(refused.value).isprintable()
        with pytest.raises(BadInput, match="printable"):
            connecting.add_sender(tmp_path, COMMAND_LINE, f"wa{unseen}rd", "10.0.0.1")


@pytest.mark.parametrize("unseen", UNSEEN)
def test_a_command_says_nothing_that_a_terminal_obeys(capsys, unseen):
    say(f"reason: {unseen} done")
    assert capsys.readouterr().err.removesuffix("\n").isprintable()


@pytest.mark.parametrize("form", [AsText(), AsJson("web")], ids=["text", "json"])
def test_a_log_has_a_line_for_each_record_and_no_terminal_codes(form):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(form)
    log = logging.Logger("cxr_core.test")
    log.addHandler(handler)
    log.warning("%s sends", "ward\x1b]0;owned\x07\nERROR all is lost")
    (line,) = stream.getvalue().splitlines()
    assert line.isprintable()
    assert "all is lost sends" in line


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_cell_of_a_table_is_a_formula(begin):
    cells = as_csv(["comment"], [{"comment": f"{begin}HYPERLINK(1)"}]).partition("\r\n")[2]
    assert cells.lstrip('"').startswith("'")
