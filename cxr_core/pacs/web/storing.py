"""STOW-RS as a client (PS3.18, 10.5): DICOM files go to an archive, and what became of each is told.

Dead is what would be refused again as it is. Whatever a person can put right at either end, a password or a right or a
URL, leaves the objects to be tried again: they aren't at fault, and go by themselves once it is put right.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from io import BytesIO

from pydicom import dcmread
from pydicom.errors import InvalidDicomError

from cxr_core import clock
from cxr_core.errors import DeliveryError
from cxr_core.pacs.outcome import Outcome, State
from cxr_core.pacs.web.calling import Answer, Body, ask, refusal
from cxr_core.pacs.web.dicom_json import Item, items, number, sequence, text
from cxr_core.pacs.web.endpoint import WebEndpoint
from cxr_core.pacs.web.multipart import DICOM, joined

LONGEST_WAIT = 24 * 3600.0
"""Seconds: what is asked for beyond that is a mistake of the server's."""
_DUPLICATE, _PROCESSING_FAILURE = 0x0111, 0x0110
_LASTING = {
    0x0124: "not authorized", 0x0122: "SOP class not supported", 0xC122: "transfer syntax not supported",
    0xA9: "it doesn't fit its SOP class", 0xC0: "it can't be understood",
}  # fmt: skip
_OTHER_TRY = {401, 403, 404, 405, 407, 408, 413, 425, 429}


@dataclass(frozen=True)
class _Sent:
    """An object on its way."""

    data: bytes
    instance: str


def store(endpoint: WebEndpoint, objects: Sequence[bytes]) -> list[Outcome]:
    """Send DICOM files (part 10), in one request if the server takes that; what became of each, in their order.

    Accepted is only what the answer names as stored. Where one of several spoils the request for all, they are sent
    again in halves until it is found.
    """
    told: dict[int, Outcome] = {}
    sent: dict[int, _Sent] = {}
    for at, data in enumerate(objects):
        if instance := _instance(data):
            sent[at] = _Sent(data, instance)
        else:
            told[at] = Outcome(State.DEAD, "it is no DICOM file with a SOP Instance UID")
    told |= _stored(endpoint, sent)
    return [told[at] for at in range(len(objects))]


def _stored(endpoint: WebEndpoint, sent: dict[int, _Sent]) -> dict[int, Outcome]:
    if not sent:
        return {}
    try:
        answer = _posted(endpoint, [each.data for each in sent.values()])
    except DeliveryError as error:
        return dict.fromkeys(sent, Outcome(State.RETRY, str(error)))
    named = _named(endpoint, answer)
    told = {at: named[each.instance] for at, each in sent.items() if each.instance in named}
    left = {at: each for at, each in sent.items() if at not in told}
    unnamed = _of_status(endpoint, answer)
    if len(left) > 1 and (unnamed.state is State.DEAD or answer.status == 413):
        order, half = list(left), len(left) // 2
        for part in (order[:half], order[half:]):
            told |= _stored(endpoint, {at: left[at] for at in part})
        return told
    return told | dict.fromkeys(left, unnamed)


def _posted(endpoint: WebEndpoint, files: list[bytes]) -> Answer:
    boundary = secrets.token_hex(20)
    length = sum(map(len, joined([b""] * len(files), boundary))) + sum(map(len, files))
    content_type = f'multipart/related; type="{DICOM}"; boundary={boundary}'
    return ask(endpoint, "/studies", "application/dicom+json", Body(content_type, joined(files, boundary), length))


def _named(endpoint: WebEndpoint, answer: Answer) -> dict[str, Outcome]:
    """What is said of instances one by one, by SOP Instance UID (PS3.18, table I.1-1)."""
    if not (200 <= answer.status < 300 or 400 <= answer.status < 500):
        return {}
    try:
        said = items(answer.body)
    except ValueError:
        return {}
    found = {text(each, "00081155"): _kept(each) for ds in said for each in sequence(ds, "00081199")}
    failed = [each for ds in said for each in sequence(ds, "00081198")]
    return found | {text(each, "00081155"): _failed(endpoint, each, answer) for each in failed}


def _kept(item: Item) -> Outcome:
    warning = number(item, "00081196")
    return Outcome(State.ACCEPTED, "stored" if warning is None else f"stored, with warning {warning:04X}", warning)


def _failed(endpoint: WebEndpoint, item: Item, answer: Answer) -> Outcome:
    code = number(item, "00081197")
    if code is None:
        return Outcome(State.DEAD, f"{endpoint.name} refuses it without a reason: ask whoever runs it")
    if code == _DUPLICATE:
        return Outcome(State.ACCEPTED, "it was there already", code)
    if code >> 8 == 0xA7 or code == _PROCESSING_FAILURE:
        why = "processing failed" if code == _PROCESSING_FAILURE else "out of resources"
        return Outcome(State.RETRY, f"{endpoint.name} refuses it for now ({code:04X}, {why})", code, _after(answer))
    why = _LASTING.get(code) or _LASTING.get(code >> 8, "ask whoever runs it what that means")
    return Outcome(State.DEAD, f"{endpoint.name} refuses it ({code:04X}, {why})", code)


def _of_status(endpoint: WebEndpoint, answer: Answer) -> Outcome:
    """What became of objects that the answer doesn't name."""
    status = answer.status
    if 200 <= status < 300:
        why = f"{endpoint.name} answers {status}, but doesn't say that it is stored: check that it is a DICOMweb server"
        return Outcome(State.RETRY, why, status)
    if status in _OTHER_TRY or not 400 <= status < 500:
        return Outcome(State.RETRY, refusal(endpoint, status), status, _after(answer))
    return Outcome(State.DEAD, refusal(endpoint, status), status)


def _after(answer: Answer) -> float | None:
    """Seconds that Retry-After asks for (RFC 9110, 10.2.3): a number, or a date."""
    asked = (answer.headers.get("Retry-After") or "").strip()
    if asked.isascii() and asked.isdigit():
        return min(float(asked[:10]), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(asked)
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - clock.now()).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(0.0, seconds), LONGEST_WAIT)


def _instance(data: bytes) -> str:
    """The SOP Instance UID of a file; empty where it has none."""
    try:
        ds = dcmread(BytesIO(data), stop_before_pixels=True, specific_tags=["SOPInstanceUID"])
        return str(ds.get("SOPInstanceUID", ""))
    except (InvalidDicomError, EOFError, ValueError, TypeError, KeyError, AttributeError, NotImplementedError, OSError):
        return ""
