"""A row of the audit log as an audit message of DICOM: PS3.15 A.5, on which IHE ATNA builds."""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from cxr_core.dicom.marks import PROGRAM
from cxr_core.work.auditing.actions import ACTIONS, FAILED, Action, Event, Group

MEANINGS = {
    Event.APPLICATION: "Application Activity", Event.LOG_USED: "Audit Log Used",
    Event.INSTANCES_ACCESSED: "DICOM Instances Accessed",
    Event.INSTANCES_TRANSFERRED: "DICOM Instances Transferred", Event.STUDY_DELETED: "DICOM Study Deleted",
    Event.EXPORT: "Export", Event.IMPORT: "Import", Event.QUERY: "Query", Event.SECURITY_ALERT: "Security Alert",
    Event.USER_AUTHENTICATION: "User Authentication",
}  # fmt: skip
"""Of the codes of PS3.16 CID 400."""
LOGIN, LOGOUT = ("110122", "DCM", "Login"), ("110123", "DCM", "Logout")
"""Of PS3.16 CID 401, for User Authentication."""
SCHEME = "CXR-SECOND-READER"
"""Names what the program itself calls its actions and subjects."""
SUCCESS, MINOR_FAILURE = "0", "4"
APPLICATION_SERVER = "4"
"""Audit source type: PS3.15 A.5.1, AuditSourceTypeCode."""
SYSTEM_OBJECT, PERSON = "2", "1"
"""ParticipantObjectTypeCode: PS3.15 A.5.1."""
PATIENT, REPORT, RESOURCE = "1", "3", "13"
"""ParticipantObjectTypeCodeRole: patient; report, for what holds data of a patient; security resource."""
UNKNOWN = Action(Group.LOG, Event.APPLICATION, "E", "")
_IMAGE, _PATIENT = re.compile(r"[0-9a-f]{64}"), re.compile(r"patient-[0-9a-f]+")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML document may hold: XML 1.0, 2.2."""


def message(event: dict[str, Any], source: str) -> str:
    """The message that tells an event; `source` is what this site calls the program, as its AE title.

    The row's number and seal come with it, so that whoever receives a row twice can tell, and a gap shows.
    """
    action = ACTIONS.get(event["action"], UNKNOWN)
    root = Element("AuditMessage")
    _event(root, event, action)
    _who(root, event)
    SubElement(SubElement(root, "AuditSourceIdentification", AuditSourceID=_clean(source)),
               "AuditSourceTypeCode", _code(APPLICATION_SERVER, "DCM", "Application Server"))  # fmt: skip
    _about(root, event)
    _row(root, event)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False)


def _event(root: Element, event: dict[str, Any], action: Action) -> None:
    outcome = MINOR_FAILURE if event["action"] in FAILED else SUCCESS
    identified = SubElement(
        root, "EventIdentification", EventActionCode=action.code, EventDateTime=event["at"],
        EventOutcomeIndicator=outcome,
    )  # fmt: skip
    SubElement(identified, "EventID", _code(action.event, "DCM", MEANINGS[action.event]))
    if action.event is Event.USER_AUTHENTICATION:
        SubElement(identified, "EventTypeCode", _code(*(LOGOUT if event["action"].startswith("sign out") else LOGIN)))
    else:
        SubElement(identified, "EventTypeCode", _code(event["action"], SCHEME, event["action"]))


def _who(root: Element, event: dict[str, Any]) -> None:
    """The one who asked for it, and the program, which did it."""
    if event["actor"] != "program":
        SubElement(root, "ActiveParticipant", UserID=_clean(event["actor"]), UserIsRequestor="true")
    itself = SubElement(
        root, "ActiveParticipant", UserID=PROGRAM, UserIsRequestor="true" if event["actor"] == "program" else "false"
    )
    SubElement(itself, "RoleIDCode", _code("110150", "DCM", "Application"))


def _about(root: Element, event: dict[str, Any]) -> None:
    subject = event["subject"]
    if not subject:
        return
    if _PATIENT.fullmatch(subject):
        kind, role, code = PERSON, PATIENT, _code("2", "RFC-3881", "Patient Number")
    elif _IMAGE.fullmatch(subject):
        kind, role, code = SYSTEM_OBJECT, REPORT, _code("image", SCHEME, "Image of the program, by its pixels")
    else:
        kind, role, code = SYSTEM_OBJECT, RESOURCE, _code("subject", SCHEME, "What the action was done with")
    _object(root, subject, kind, role, code, event["details"])


def _row(root: Element, event: dict[str, Any]) -> None:
    """The row of the log itself: its number, its seal, and where it is about nothing, its details."""
    details = {"hash": event["hash"], **({} if event["subject"] else event["details"])}
    code = _code("row", SCHEME, "Row of the audit log")
    _object(root, str(event["id"]), SYSTEM_OBJECT, RESOURCE, code, details)


def _object(root: Element, name: str, kind: str, role: str, code: dict[str, str], details: dict[str, Any]) -> None:
    found = SubElement(
        root, "ParticipantObjectIdentification", ParticipantObjectID=_clean(name), ParticipantObjectTypeCode=kind,
        ParticipantObjectTypeCodeRole=role,
    )  # fmt: skip
    SubElement(found, "ParticipantObjectIDTypeCode", code)
    SubElement(found, "ParticipantObjectName").text = _clean(name)
    for key, value in details.items():
        text = value if isinstance(value, str) else json.dumps(value)
        packed = base64.b64encode(text.encode("utf-8", "replace")).decode()
        SubElement(found, "ParticipantObjectDetail", type=_clean(key), value=packed)


def _code(value: str, scheme: str, meaning: str) -> dict[str, str]:
    """A coded value: PS3.15 A.5.1."""
    return {"csd-code": value, "codeSystemName": scheme, "originalText": meaning}


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
