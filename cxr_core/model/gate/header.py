"""The gate's first question: is it an image that the model may judge? Only what the header says can refuse it."""

from __future__ import annotations

from collections.abc import Iterator

from cxr_core.model.gate.objection import Kind, Objection
from cxr_core.model.intended import Intended
from cxr_core.records import Radiograph


def objections(radiograph: Radiograph, intended: Intended) -> list[Objection]:
    """What the header says against judging this X-ray; what it doesn't say objects to nothing."""
    return [*_of_image(radiograph, intended), *_of_patient(radiograph, intended)]


def _of_image(radiograph: Radiograph, intended: Intended) -> Iterator[Objection]:
    if radiograph.modality not in intended.modalities:
        said = f"{radiograph.modality} image: the model judges X-rays only. Send a CR or DX."
        yield Objection(Kind.MODALITY, "modality", said)
    part = radiograph.body_part
    if part is not None and part not in intended.body_parts:
        said = f"{part.lower()} by its header: the model judges chest X-rays only. Send a frontal chest X-ray."
        yield Objection(Kind.BODY_PART, "body_part", said)
    if radiograph.view is not None and radiograph.view not in intended.views:
        said = f"view {radiograph.view}: the model judges {' and '.join(intended.views)} views only. Send one of those."
        yield Objection(Kind.VIEW, "view", said)


def _of_patient(radiograph: Radiograph, intended: Intended) -> Iterator[Objection]:
    age = radiograph.age_years
    if age is not None and not intended.youngest <= age <= intended.oldest:
        years = f"{intended.youngest} to {intended.oldest} years"
        said = f"patient of {age} years: the model was trained and tested on children of {years}. Read it yourself."
        yield Objection(Kind.AGE, "age", said)
