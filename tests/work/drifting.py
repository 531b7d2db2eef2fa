"""Streams of made-up counts for the tests of alarms: no picture and no network, so that months take no time."""

from __future__ import annotations

from datetime import UTC, datetime, time

import numpy as np

from cxr_core import clock
from cxr_core.drift.tally import JUDGEMENT_LAYOUT, OPINION_LAYOUT, PICTURE_LAYOUT
from cxr_core.model import release
from cxr_core.records import Mode
from cxr_core.store import models, site_references, tallies
from cxr_core.store.db import opened, transaction
from cxr_core.store.site_references import Part
from cxr_core.store.tallies import PICTURES, Key, readers_of
from cxr_core.work.drift.references import Reference

TUBES = ("left", "right")
MAKER = "maker"
"""The equipment of both."""
ELSE = MAKER, "", 300
"""Equipment and view of each part of a reference, and how many X-rays."""


class Stream:
    """X-rays as they come in day by day, of which the mean and the noise are known, and an opinion on each."""

    def __init__(self, home):
        self.home, self._chance, self._unaided = home, np.random.default_rng(7), np.random.default_rng(8)

    def looks(self, count, shift=0.0):
        """What so many X-rays look like; `shift` makes them brighter, in standard deviations."""
        return [
            {"mean": 0.5 + 0.1 * (mean + shift), "noise": float(np.exp(-6 + 0.3 * noise))}
            for mean, noise in self._chance.normal(size=(count, 2))
        ]

    def says(self, count, shift=0.0):
        """What a model says of them."""
        return [{"probability": value} for value in np.clip(self._chance.beta(2, 5, count) + shift, 0, 1)]

    def found(self, count, missed=0.05):
        """What the model had said where readers found pneumonia unaided, of which it missed such a share."""
        return [{"of the ill": "Normal" if miss else "Pneumonia"} for miss in self._unaided.random(count) < missed]

    def judged(self, day, model, count, missed=0.05):
        """So many reads of a day of patients with pneumonia, by readers who hadn't seen the opinion."""
        key = Key(day.isoformat(), readers_of(model), TUBES[0], "", "", Mode.BLINDED.value)
        with opened(self.home) as db, transaction(db):
            tallies.put(db, key, count, JUDGEMENT_LAYOUT.to_bytes(JUDGEMENT_LAYOUT.count(self.found(count, missed))))

    def calibrated(self, day, model, count, ill):
        """So many X-rays of a day, each read unaided, of whom a share is ill; the model knows it to the percent."""
        is_ill = self._unaided.random(count) < ill
        likely = np.clip(
            self._unaided.beta(4, 2, count) * is_ill + self._unaided.beta(2, 4, count) * ~is_ill, 0.01, 0.99
        )
        odds = ill / (1 - ill) * (likely / (1 - likely)) ** 2  # what the two betas' densities make of it (Bayes)
        p = odds / (1 + odds)
        found = [{"left over": float(y) - chance} for y, chance in zip(is_ill, p, strict=True)]
        with opened(self.home) as db, transaction(db):
            for name, layout, rows in (
                (PICTURES, PICTURE_LAYOUT, self.looks(count)),
                (model, OPINION_LAYOUT, [{"probability": float(chance)} for chance in p]),
                (readers_of(model), JUDGEMENT_LAYOUT, found),
            ):
                key = Key(day.isoformat(), name, TUBES[0], "", "", Mode.BLINDED.value if name else "")
                tallies.put(db, key, count, layout.to_bytes(layout.count(rows)))

    def model(self, name, says=0.0):
        """Put a version to use whose reference is such X-rays, of which it says by so much more."""
        pictures, opinions = PICTURE_LAYOUT.count(self.looks(2000)), OPINION_LAYOUT.count(self.says(2000, says))
        reference = Reference(pictures, opinions, None, None, JUDGEMENT_LAYOUT.count(self.found(500))).as_dict()
        with opened(self.home) as db, transaction(db):
            models.add(db, {**release.card(), "name": name, "reference": reference})
            models.decide(db, name, "promote", "a test", None)

    def freeze(self, user, day, model, shift=0.0, tubes=TUBES):
        """Freeze such X-rays of these tubes as the site's reference, the last of which came on `day`."""
        facts = {"reason": "a test", "model": model, "first_at": day.isoformat(), "last_at": day.isoformat(),
                 "frozen_by": user.id}  # fmt: skip
        parts = [
            part
            for tube in tubes
            for part in (
                Part(PICTURES, tube, *ELSE, PICTURE_LAYOUT.to_bytes(PICTURE_LAYOUT.count(self.looks(300, shift)))),
                Part(model, tube, *ELSE, OPINION_LAYOUT.to_bytes(OPINION_LAYOUT.count(self.says(300)))),
            )
        ]
        with clock.at(datetime.combine(day, time(23), UTC)), opened(self.home) as db, transaction(db):
            site_references.add(db, facts, [], parts)

    def comes(self, day, model, shifts=(0.0, 0.0), says=0.0, count=15):
        """X-rays of a day, `count` of each tube."""
        for tube, shift in zip(TUBES, shifts, strict=True):
            self.comes_from(tube, day, model, shift, says, count)

    def comes_from(self, tube, day, model, shift=0.0, says=0.0, count=15, equipment=MAKER):
        """X-rays of a day, `count` of one tube."""
        with opened(self.home) as db, transaction(db):
            for name, layout, seen, mode in (
                (PICTURES, PICTURE_LAYOUT, self.looks(count, shift), ""),
                (model, OPINION_LAYOUT, self.says(count, says), Mode.CONCURRENT.value),
            ):
                key = Key(day.isoformat(), name, tube, equipment, "", mode)
                tallies.put(db, key, count, layout.to_bytes(layout.count(seen)))
