"""Every action becomes an audit message that is as PS3.15 A.5.1 has it."""

from __future__ import annotations

import base64
from datetime import datetime
from xml.etree import ElementTree

import pytest

from cxr_core.work.auditing import atna
from cxr_core.work.auditing.actions import ACTIONS, Event

IMAGE, PATIENT = "a" * 64, "patient-" + "b" * 12
CODED = {"csd-code", "codeSystemName", "originalText"}
ORDER = ["EventIdentification", "ActiveParticipant", "AuditSourceIdentification", "ParticipantObjectIdentification"]


def told(action, subject="", actor="ann", **details):
    event = {
        "id": 7, "at": "2026-03-01T12:00:00.000000+00:00", "actor": actor, "action": action, "subject": subject,
        "details": details, "hash": "c" * 64,
    }  # fmt: skip
    return ElementTree.fromstring(atna.message(event, "CXRREADER"))


def require_valid(root):
    """The structure of A.5.1: which elements, in which order, with which attributes."""
    assert root.tag == "AuditMessage" and not root.attrib
    tags = [child.tag for child in root]
    assert tags == sorted(tags, key=ORDER.index)
    assert tags.count("EventIdentification") == 1
    assert tags.count("ActiveParticipant") >= 1 and tags.count("AuditSourceIdentification") == 1
    event = root.find("EventIdentification")
    assert set(event.attrib) == {"EventActionCode", "EventDateTime", "EventOutcomeIndicator"}
    assert event.get("EventActionCode") in {"C", "R", "U", "D", "E"}
    assert event.get("EventOutcomeIndicator") in {"0", "4", "8", "12"}
    assert datetime.fromisoformat(event.get("EventDateTime")).tzinfo is not None
    assert [child.tag for child in event] == ["EventID", "EventTypeCode"]
    requestors = [who.get("UserIsRequestor") for who in root.findall("ActiveParticipant")]
    assert requestors.count("true") == 1 and set(requestors) <= {"true", "false"}
    for found in root.findall("ParticipantObjectIdentification"):
        assert {"ParticipantObjectID", "ParticipantObjectTypeCode", "ParticipantObjectTypeCodeRole"} == set(
            found.attrib
        )
        first, second, *rest = (child.tag for child in found)
        assert (first, second) == ("ParticipantObjectIDTypeCode", "ParticipantObjectName")
        assert set(rest) <= {"ParticipantObjectDetail"}
    for coded in root.iter():
        if coded.tag in {
            "EventID",
            "EventTypeCode",
            "RoleIDCode",
            "AuditSourceTypeCode",
            "ParticipantObjectIDTypeCode",
        }:
            assert set(coded.attrib) == CODED and all(coded.attrib.values())


@pytest.mark.parametrize("subject", ["", IMAGE, PATIENT, "cxr-2"])
@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_is_a_valid_message(action, subject):
    root = told(action, subject, reason="why", many=3)
    require_valid(root)
    assert root.find("EventIdentification/EventID").get("csd-code") == ACTIONS[action].event


def test_every_event_has_its_meaning():
    assert set(atna.MEANINGS) == set(Event)


@pytest.mark.parametrize(
    ("action", "code", "outcome"),
    [("sign in", "110122", "0"), ("failed sign in", "110122", "4"), ("refused sign in", "110122", "4"),
     ("lock out", "110122", "4"), ("sign out", "110123", "0"), ("sign out everywhere", "110123", "0")],
)  # fmt: skip
def test_signing_in_and_out_are_told_apart(action, code, outcome):
    event = told(action).find("EventIdentification")
    assert (event.find("EventTypeCode").get("csd-code"), event.get("EventOutcomeIndicator")) == (code, outcome)


def test_the_row_and_its_seal_come_with_it():
    row = told("view image", IMAGE).findall("ParticipantObjectIdentification")[-1]
    (detail,) = row.findall("ParticipantObjectDetail")
    assert row.get("ParticipantObjectID") == "7"
    assert base64.b64decode(detail.get("value")).decode() == "c" * 64


def test_what_the_program_did_of_its_own_accord_has_it_alone_as_participant():
    (who,) = told("take in", IMAGE, actor="program").findall("ActiveParticipant")
    assert (who.get("UserIsRequestor"), who.find("RoleIDCode").get("csd-code")) == ("true", "110150")


def test_an_action_of_another_version_is_told_too():
    require_valid(told("dance"))


def test_whatever_stands_in_a_row_is_a_document():
    root = told("add user", "<a&b>\x00\x1b", actor='"eve"\x07', note="]]>\ud800", about=["x", None])
    require_valid(root)
    assert root.find("ActiveParticipant").get("UserID") == '"eve"\ufffd'
