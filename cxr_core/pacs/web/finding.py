"""QIDO-RS as a client (PS3.18, 10.6): whether a server answers, which X-rays it has, and what of ours has arrived."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import urlencode

from cxr_core.errors import BadInput, DeliveryError
from cxr_core.pacs.web.calling import Answer, ask, refusal
from cxr_core.pacs.web.dicom_json import Item, items, text
from cxr_core.pacs.web.endpoint import WebEndpoint

JSON = "application/dicom+json"
PAGE = 100
"""Results that are asked for at a time."""
MOST_RESULTS = 20_000
"""Of one question: a server that never ends isn't listened to for ever."""
_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
_X_RAYS = ("CR", "DX")


@dataclass(frozen=True)
class Query:
    """X-rays of `modalities`, taken from the day `since` to the day `until`, both included; None for no bound.

    `patient` (ID) and `station` must be the same to the letter; empty for any. `limit` is a number of studies. Raises
    BadInput for what can't be asked for.
    """

    since: date | None = None
    until: date | None = None
    modalities: tuple[str, ...] = _X_RAYS
    patient: str = field(default="", repr=False)
    station: str = ""
    limit: int = 500

    def __post_init__(self) -> None:
        if not self.modalities or not set(self.modalities) <= set(_X_RAYS):
            raise BadInput("ask for X-rays of the modalities CR, DX or both")
        if any(set("*?\\") & set(asked) or not (asked + "x").isprintable() for asked in (self.patient, self.station)):
            raise BadInput("a patient ID or a station has no *, ? or \\: say it to the letter")
        if self.since and self.until and self.since > self.until:
            raise BadInput("the first day must not be after the last")
        if not 1 <= self.limit <= 10_000:
            raise BadInput("ask for 1 to 10,000 studies")


@dataclass(frozen=True)
class Match:
    """An X-ray that a server has. Who it is of is for the eyes of whoever asked, and neither printed nor logged."""

    study: str
    series: str
    instance: str
    sop_class: str
    modality: str
    day: str
    """YYYY-MM-DD; empty where the server doesn't say."""
    station: str
    patient: str = field(repr=False)
    """Patient ID."""
    patient_name: str = field(repr=False)


def echo(endpoint: WebEndpoint) -> None:
    """Ask for one study, whichever. Raises DeliveryError, with a remedy, unless the server answers as DICOMweb does."""
    _found(endpoint, ask(endpoint, "/studies?limit=1&offset=0", JSON))


def search(endpoint: WebEndpoint, query: Query) -> list[Match]:
    """All X-rays that fit. Raises DeliveryError, and BadInput where they are of more studies than `query.limit`."""
    studies: dict[str, list[str]] = {}
    for modality in query.modalities:
        asked = [*_of_study(query), ("ModalitiesInStudy", modality)]
        for item in _pages(endpoint, "/studies", asked, "0020000D"):
            studies.setdefault(checked(text(item, "0020000D"), endpoint), []).append(modality)
            if len(studies) > query.limit:
                raise BadInput(f"more than {query.limit} studies fit: ask for fewer days")
    return [
        match
        for study, modalities in studies.items()
        for modality in modalities
        for match in _of_one_study(endpoint, study, modality, query)
    ]


def present(endpoint: WebEndpoint, study: str, series: str, instances: set[str]) -> set[str]:
    """Those of `instances` that the server says it has in this series. Raises DeliveryError where it can't be asked."""
    path = f"/studies/{checked(study, endpoint)}/series/{checked(series, endpoint)}/instances"
    return instances & {text(item, "00080018") for item in _pages(endpoint, path, [], "00080018", unknown=404)}


def checked(uid: str, endpoint: WebEndpoint) -> str:
    """The UID (PS3.5, 9.1), fit for a path. Raises DeliveryError for what is none."""
    if len(uid) > 64 or not _UID.fullmatch(uid):
        raise DeliveryError(f"{endpoint.name}: there is something else where a UID belongs: ask whoever runs it")
    return uid


def _of_one_study(endpoint: WebEndpoint, study: str, modality: str, query: Query) -> Iterator[Match]:
    """The X-rays of one modality in a study that fit; asked again here, for servers leave out what they can't match."""
    asked = [("Modality", modality), *(("includefield", tag) for tag in ("00080016", "00080060", "00081010"))]
    asked += [("StationName", query.station)] if query.station else []
    for item in _pages(endpoint, f"/studies/{study}/instances", asked, "00080018"):
        match = _match(endpoint, item, study, modality)
        if match.modality == modality and _fits(match, query):
            yield match


def _fits(match: Match, query: Query) -> bool:
    """Whether nothing that the server says of it is other than asked for."""
    first, last = query.since or date.min, query.until or date.max
    return (
        match.patient in (query.patient or match.patient, "")
        and match.station in (query.station or match.station, "")
        and (not match.day or first.isoformat() <= match.day <= last.isoformat())
    )


def _match(endpoint: WebEndpoint, item: Item, study: str, modality: str) -> Match:
    day = text(item, "00080020")
    return Match(
        study=study,
        series=checked(text(item, "0020000E"), endpoint),
        instance=checked(text(item, "00080018"), endpoint),
        sop_class=text(item, "00080016"),
        modality=text(item, "00080060") or modality,
        day=f"{day[:4]}-{day[4:6]}-{day[6:]}" if re.fullmatch(r"\d{8}", day) else "",
        station=text(item, "00081010"),
        patient=text(item, "00100020"),
        patient_name=text(item, "00100010"),
    )


def _of_study(query: Query) -> list[tuple[str, str]]:
    days = "-".join(f"{day:%Y%m%d}" if day else "" for day in (query.since, query.until))
    asked = [("StudyDate", days), ("PatientID", query.patient)]
    return [(name, value) for name, value in asked if value not in ("", "-")]


def _pages(
    endpoint: WebEndpoint, path: str, asked: Iterable[tuple[str, str]], key: str, unknown: int | None = None
) -> Iterator[Item]:
    """All results, each once, until a page brings nothing new: servers give fewer than asked, and some the same again.

    `unknown` is a status that means none. Raises DeliveryError, also for more than MOST_RESULTS.
    """
    seen: set[str] = set()
    taken = 0
    while taken < MOST_RESULTS:
        answer = ask(endpoint, f"{path}?{urlencode([*asked, ('limit', PAGE), ('offset', taken)])}", JSON)
        page = [] if answer.status == unknown else _found(endpoint, answer)
        new = {text(item, key): item for item in page if text(item, key) not in seen}
        if not new:
            return
        yield from new.values()
        seen |= new.keys()
        taken += len(page)
    raise DeliveryError(f"{endpoint.name} has more than {MOST_RESULTS} results: ask for fewer days")


def _found(endpoint: WebEndpoint, answer: Answer) -> list[Item]:
    if answer.status == 204:
        return []
    if not 200 <= answer.status < 300:
        raise DeliveryError(refusal(endpoint, answer.status))
    try:
        return items(answer.body)
    except ValueError as error:
        why = "its answer isn't DICOM JSON: check the path of its URL"
        raise DeliveryError(f"{endpoint.name}: {why}") from error
