"""What drift is measured on: real X-rays of patients that the release never learnt from, and ways to make them other.

What the program makes of each is worked out once, and kept in build/ until weights, files or ways change.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cxr_core.drift.appearance import measure
from cxr_core.drift.tally import OPINION_LAYOUT, PICTURE_LAYOUT, Layout
from cxr_core.errors import CxrError
from cxr_core.model import predict, release
from cxr_core.model.axes import Axes
from cxr_core.model.dataset import Sample, find_samples
from cxr_core.model.gate import walk
from cxr_core.model.gate.strangers import paint
from cxr_core.model.gate.walk import Film
from cxr_core.model.predict import Model
from cxr_core.model.preprocess import brightness, stretch
from cxr_core.records import Floats, Opinion, Side
from cxr_core.work.drift import references, rolling
from cxr_core.work.models import gathering

SIZE, BATCH = 224, 64
LATERALS = 100
EVERY = 4
"""Of the X-rays, each so manieth is made another: enough to draw from."""
WAYS = 1
"""Raised whenever a kind is made in another way: what was kept of it is stale then."""
KEPT = Path(__file__).parents[1] / "build" / "drift"
Change = Callable[[Floats, np.random.Generator], Floats]
"""Makes an X-ray, 224 x 224 in 0..1, another one."""
Columns = NDArray[np.int16]


@dataclass(frozen=True)
class Seen:
    """n X-rays as the program counts them."""

    pictures: Columns
    """n x signals of PICTURE_LAYOUT: the place in a tally that each adds one to, or -1 for none."""
    opinions: Columns
    """The same of OPINION_LAYOUT."""
    labels: NDArray[np.int64]
    """1 for pneumonia."""

    def of(self, layout: Layout) -> Columns:
        """The columns of either layout."""
        return self.pictures if layout is PICTURE_LAYOUT else self.opinions

    def chosen(self, which: NDArray[np.bool_]) -> Seen:
        """Some of them."""
        return Seen(self.pictures[which], self.opinions[which], self.labels[which])


Material = dict[str, Seen]
"""X-rays by kind: `usual`, and whatever else may come in."""


@dataclass(frozen=True)
class Xrays:
    """n X-rays as they are shown, 224 x 224 in 0..1, and what they show: 1 for pneumonia."""

    shown: list[Floats]
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class Folders:
    """The public set and another hospital's, each with NORMAL/ and PNEUMONIA/."""

    data: Path
    second: Path

    @classmethod
    def named(cls) -> Folders:
        """By the environment. Raises CxrError where one isn't named."""
        if missing := [name for name in ("DATA", "SECOND") if not os.environ.get(name)]:
            raise CxrError(
                f"{' and '.join(missing)} not given: make bench DATA=… SECOND=…, the folders of the public set and of "
                "another hospital's X-rays, each with NORMAL/ and PNEUMONIA/"
            )
        return cls(Path(os.environ["DATA"]), Path(os.environ["SECOND"]))

    @cached_property
    def never_learnt_from(self) -> list[Sample]:
        """Those of the public set whose patients the release was not trained on."""
        split = release.split()
        return [sample for sample in find_samples([self.data]) if split.get(sample.sha256) is not Side.TRAIN]

    @cached_property
    def elsewhere(self) -> list[Sample]:
        """The other hospital's."""
        return find_samples([self.second])


def material(folders: Folders) -> Material:
    """All kinds; half an hour the first time. Raises CxrError where a folder holds no X-rays."""
    name = _fingerprint(folders)
    found = {kind: _kept(KEPT / f"{name}-{kind}.npz", kind, make, folders) for kind, make in KINDS.items()}
    usual = found["usual"]
    return {**found, "healthy": usual.chosen(usual.labels == 0)}


def _fingerprint(folders: Folders) -> str:
    """Of all that the columns depend on: weights, axes, grids, files, and how kinds are made."""
    card, files = release.card(), (*folders.never_learnt_from, *folders.elsewhere)
    grids = [(each.name, each.grid, each.words) for each in (*PICTURE_LAYOUT.signals, *OPINION_LAYOUT.signals)]
    parts = [str(WAYS), card["weights_sha256"], str(card["reference"]["axes"]), repr(grids)]
    return hashlib.sha256("\n".join([*parts, *(sample.sha256 for sample in files)]).encode()).hexdigest()[:16]


def _kept(path: Path, kind: str, make: Callable[[Folders], Seen], folders: Folders) -> Seen:
    if not path.exists():
        print(f"looking at the X-rays of the kind {kind!r}", file=sys.stderr)
        found = make(folders)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        np.savez_compressed(part, pictures=found.pictures, opinions=found.opinions, labels=found.labels)
        part.replace(path)
    with np.load(path) as arrays:
        return Seen(arrays["pictures"], arrays["opinions"], arrays["labels"])


def _opened(samples: Sequence[Sample]) -> Xrays:
    """All at one size: how large files are must not give them away."""
    shown = [brightness(each.radiograph, SIZE) for each in gathering.of_samples(samples)]
    return Xrays(shown, np.array([sample.label for sample in samples]))


def _changed(change: Change) -> Callable[[Folders], Seen]:
    def make(folders: Folders) -> Seen:
        chance, xrays = np.random.default_rng(6), _opened(folders.never_learnt_from[::EVERY])
        others = [np.clip(change(image, chance), 0, 1).astype(np.float32) for image in xrays.shown]
        return see(Xrays(others, xrays.labels))

    return make


def _laterals() -> Xrays:
    """Painted chests from the side: the public set has no real ones."""
    shown = [np.asarray(paint("lateral", number, SIZE), np.float32) for number in range(LATERALS)]
    return Xrays(shown, np.zeros(LATERALS, np.int64))


def _broken(image: Floats, chance: np.random.Generator) -> Floats:
    """As from a detector with much noise and dead columns."""
    noisy = image + chance.normal(0, 0.06, image.shape).astype(np.float32)
    noisy[:, 40::37] = 0
    return noisy


def _otherwise_prepared(image: Floats) -> Floats:
    """What another preprocessing would hand to the model: not stretched, and darker."""
    return np.asarray(image**2, np.float32)


KINDS: dict[str, Callable[[Folders], Seen]] = {
    "usual": lambda folders: see(_opened(folders.never_learnt_from)),
    "elsewhere": lambda folders: see(_opened(folders.elsewhere)),
    "inverted": _changed(lambda image, chance: 1 - image),
    "blurred": _changed(lambda image, chance: cv2.GaussianBlur(image, (0, 0), 1.5)),
    "darker": _changed(lambda image, chance: image**1.6),
    "broken": _changed(_broken),
    "lateral": lambda folders: see(_laterals()),
    "otherwise prepared": lambda folders: see(_opened(folders.never_learnt_from[::EVERY]), _otherwise_prepared),
}


def see(xrays: Xrays, prepare: Callable[[Floats], Floats] | None = None) -> Seen:
    """What the program's release makes of X-rays; with `prepare` in the place of the model's own preprocessing."""
    model = predict.load_file(release.WEIGHTS)
    seen_by = references.axes_of(release.card())
    pictures, opinions = [], []
    for images in _batched(xrays.shown):
        looks = [measure(image) for image in images]
        pictures += [columns(PICTURE_LAYOUT, _picture(look)) for look in looks]
        opinions += [columns(OPINION_LAYOUT, each) for each in _said(model, images, looks, prepare, seen_by)]
    return Seen(np.array(pictures, np.int16), np.array(opinions, np.int16), xrays.labels)


def columns(layout: Layout, signals: rolling.Signals) -> list[int]:
    """The place in a tally that each signal of an X-ray adds one to; -1 for none."""
    tally = layout.count([signals])
    return [part.start + int(tally[part].argmax()) if tally[part].any() else -1 for part in layout.parts.values()]


def _said(
    model: Model,
    images: list[Floats],
    looks: list[dict[str, float]],
    prepare: Callable[[Floats], Floats] | None,
    seen_by: Axes | None,
) -> Iterator[rolling.Signals]:
    ready = prepare or (lambda image: stretch(image, model.card.preprocessing))
    quality = model.card.gate.quality
    films = [Film(ready(image), [], quality.objections(look)) for image, look in zip(images, looks, strict=True)]
    for answer in walk.judge(model, films):
        if isinstance(answer, Opinion):
            yield rolling.of_opinion(answer, [], seen_by)
        else:
            yield rolling.of_opinion(None, [objection.kind for objection in answer], seen_by)


def _picture(look: dict[str, float]) -> rolling.Signals:
    unsaid: dict[str, Any] = dict.fromkeys(
        ("manufacturer", "view", "modality", "sex", "age_years", "kvp", "exposure_mas")
    )
    return rolling.of_picture({"appearance": look, "pixel_rows": SIZE, "pixel_columns": SIZE, **unsaid})


def _batched(images: list[Floats]) -> Iterator[list[Floats]]:
    for start in range(0, len(images), BATCH):
        yield images[start : start + BATCH]
