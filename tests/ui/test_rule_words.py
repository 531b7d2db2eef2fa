"""Rules and their dry runs, as the page words them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cxr_core.records import Answer, Label, Mode, Ordering, Release, Worklist
from cxr_core.store.destinations import Rule
from cxr_core.store.listeners import Listening
from cxr_core.ui.pacs_status import where
from cxr_core.ui.rule_words import dry_run_words, forestalls, in_words
from cxr_core.ui.sender_list import machine_or_network
from cxr_core.work.hospital.connecting import DryRun

PLACES, SENDERS = {1: "PACS"}, {3: "Room 1"}
BARE = Rule(1, (Answer.REPORT,))
AUDIT = Worklist(2, "Audit", Mode.BLINDED, Ordering.RANDOM, 0.1, 1, 24)


@pytest.mark.parametrize(("rule", "sentence"), [
    (BARE, "every X-ray → PACS: report, as read"),
    (Rule(1, (Answer.CAPTURE, Answer.REPORT), Release.AS_READ, 3, "DX", None, Label.PNEUMONIA, (18, 7)),
     "every DX from Room 1 labelled Pneumonia, 18–7 h → PACS: capture and report, as read"),
    (replace(BARE, answers=tuple(Answer)[:3], release=Release.AT_ONCE, device="device-12345678ab"),
     "every X-ray at station 12345678 → PACS: capture, report and presentation, at once"),
    (replace(BARE, sender=9), "every X-ray from a sender that was removed → PACS: report, as read"),
])  # fmt: skip
def test_a_rule_is_a_sentence(rule, sentence):
    assert in_words(rule, PLACES, SENDERS) == sentence


@pytest.mark.parametrize(("found", "says"), [
    (DryRun(0, 0, {}, 0), "Nothing came in over the network in the last 7 days"),
    (DryRun(5, 0, {}, 0), "Of 5 objects that came in the last 7 days, none fits"),
    (DryRun(5, 3, {Answer.CAPTURE: 1, Answer.REPORT: 2}, 1),
     "3 fit: 1 capture and 2 reports would leave now; what answers 1 of them waits for a read, or never leaves."),
    (DryRun(1, 1, {}, 1), "1 fits: nothing would leave now; what answers 1 of them waits"),
])  # fmt: skip
def test_a_dry_run_is_a_sentence(found, says):
    assert says in dry_run_words(found, 7)


def test_the_warning_names_the_lists_and_what_is_spoilt_where_one_is_blinded():
    reading = replace(AUDIT, name="Reading", mode=Mode.SECOND_READER)
    assert "a reader of Reading (second reader) may see it" in forestalls([reading])
    assert "judge the model no longer" not in forestalls([reading])
    assert "Reading (second reader) and Audit (blinded)" in forestalls([reading, AUDIT])
    assert "What is read blinded would judge the model no longer." in forestalls([AUDIT])


@pytest.mark.parametrize(("port", "tls", "said"), [
    (104, None, "A on host:104"), (104, 2762, "A on host:104 (TLS 2762)"), (None, 2762, "A on host:2762 (TLS)"),
])  # fmt: skip
def test_where_something_listens_is_said_with_what_is_encrypted(port, tls, said):
    assert where(Listening("A", "host", port, tls)) == said


@pytest.mark.parametrize(("network", "said"), [
    ("10.1.2.3/32", "10.1.2.3"), ("10.1.0.0/16", "10.1.0.0/16"), ("fd00::1/128", "fd00::1"), ("fd00::/32", "fd00::/32"),
])  # fmt: skip
def test_one_machine_is_said_by_its_address(network, said):
    assert machine_or_network(network) == said
