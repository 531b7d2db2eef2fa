"""Streams of made-up counts for the tests of alarms: no picture and no network, so that months take no time."""

from __future__ import annotations

import numpy as np

from cxr_core.drift.tally import OPINION_LAYOUT, PICTURE_LAYOUT
from cxr_core.model import release
from cxr_core.records import Mode
from cxr_core.store import models, site_references, tallies
from cxr_core.store.db import opened, transaction
from cxr_core.store.site_references import Part
from cxr_core.store.tallies import PICTURES, Key
from cxr_core.work.references import Reference

TUBES = ("left", "right")


class Stream:
    """X-rays as they come in day by day, of which the mean and the noise are known, and an opinion on each."""

    def __init__(self, home):
        self.home, self._chance = home, np.random.default_rng(7)

    def looks(self, count, shift=0.0):
        """What so many X-rays look like; `shift` makes them brighter, in standard deviations."""
        return [
            {"mean": 0.5 + 0.1 * (mean + shift), "noise": float(np.exp(-6 + 0.3 * noise))}
            for mean, noise in self._chance.normal(size=(count, 2))
        ]

    def says(self, count, shift=0.0):
        """What a model says of them."""
        return [{"probability": value} for value in np.clip(self._chance.beta(2, 5, count) + shift, 0, 1)]

    def model(self, name, says=0.0):
        """Put a version to use whose reference is such X-rays, of which it says by so much more."""
        pictures, opinions = PICTURE_LAYOUT.count(self.looks(2000)), OPINION_LAYOUT.count(self.says(2000, says))
        reference = Reference(pictures, opinions, None, None).as_dict()
        with opened(self.home) as db, transaction(db):
            models.add(db, {**release.card(), "name": name, "reference": reference})
            models.decide(db, name, "promote", "a test", None)

    def freeze(self, user, day, model, shift=0.0):
        """Freeze such X-rays of both tubes as the site's reference, the last of which came on `day`."""
        facts = {"reason": "a test", "model": model, "first_at": day.isoformat(), "last_at": day.isoformat(),
                 "frozen_by": user.id}  # fmt: skip
        parts = [
            part
            for tube in TUBES
            for part in (
                Part(PICTURES, tube, "", 300, PICTURE_LAYOUT.to_bytes(PICTURE_LAYOUT.count(self.looks(300, shift)))),
                Part(model, tube, "", 300, OPINION_LAYOUT.to_bytes(OPINION_LAYOUT.count(self.says(300)))),
            )
        ]
        with opened(self.home) as db, transaction(db):
            site_references.add(db, facts, [], parts)

    def comes(self, day, model, shifts=(0.0, 0.0), says=0.0, count=15):
        """X-rays of a day, `count` of each tube."""
        for tube, shift in zip(TUBES, shifts, strict=True):
            self.comes_from(tube, day, model, shift, says, count)

    def comes_from(self, tube, day, model, shift=0.0, says=0.0, count=15):
        """X-rays of a day, `count` of one tube."""
        with opened(self.home) as db, transaction(db):
            for name, layout, seen in (
                (PICTURES, PICTURE_LAYOUT, self.looks(count, shift)),
                (model, OPINION_LAYOUT, self.says(count, says)),
            ):
                key = Key(day.isoformat(), name, tube, "", "", Mode.CONCURRENT.value)
                tallies.put(db, key, count, layout.to_bytes(layout.count(seen)))
