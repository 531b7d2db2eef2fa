"""The short form of the drift bench, on X-rays that are made up: quiet years stay quiet, and a change is found."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bench.drift_streams import CHANGES, DEVICES, REFERENCE, stream
from bench.drift_watch import listen, sight_of
from cxr_core.drift.sight import BUDGET
from cxr_core.drift.tally import OPINION_LAYOUT, PICTURE_LAYOUT
from cxr_core.drift.trace import State
from cxr_core.work.opening import open_home
from tests.drift import simulated

YEARS, YEAR, RATE = 20, 365, 10


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated") / "home"
    open_home(folder)
    return folder


@pytest.fixture(scope="module")
def material():
    return simulated.material()


def changed(material, name, seed=0, before=60, after=60):
    """A stream with the change of that name, and the day on which it began."""
    change = next(each for each in CHANGES if each.name == name)
    came = stream(material, np.random.default_rng([7, seed]), 30, before + after, change, before)
    return came, change, came.days[before]


def test_years_without_drift_keep_to_the_budget(home, material):
    reference = simulated.reference(material["usual"])
    years = [stream(material, np.random.default_rng([5, number]), RATE, YEAR) for number in range(YEARS)]
    alarms = [alarm for year in years for alarm in listen(home, year, reference).alarms]
    assert len(alarms) <= YEARS * BUDGET.alarms_a_year


@pytest.mark.parametrize(
    "name", ["another hospital, 25 %", "inverted polarity, 5 %", "one broken detector of five",
             "label shift, 60 % made healthy"],
)  # fmt: skip
def test_a_change_is_found_and_named_where_it_is(home, material, name):
    came, change, day = changed(material, name)
    heard = listen(home, came, simulated.reference(material["usual"]), day)
    (alarm,) = heard.alarms
    assert (alarm.guess, alarm.scope) == (change.cause.name, change.place)
    assert alarm.opened_on > day.isoformat()


def test_days_that_are_skipped_hold_no_alarm(material):
    for seed in range(3):
        came, _, day = changed(material, "one broken detector of five", seed, after=15)
        sight = sight_of(came, simulated.reference(material["usual"]))
        lowest = dataclasses.replace(sight.limits(day), height=min(sight.limits(each).height for each in came.days))
        loud = {each for each in came.days if any(said.finding.state is State.ALARM for said in sight.on(each))}
        quiet = [found for each in sight.watched if (found := each.trace.quiet_until(lowest))]
        assert loud and min(quiet) <= min(loud)


def test_a_stream_is_drawn_as_its_reference_is(material):
    came = stream(material, np.random.default_rng(1), 40, 50)
    assert came.images.sum() == pytest.approx(2000, abs=200)
    for layout, kept, tallies in zip((PICTURE_LAYOUT, OPINION_LAYOUT), came.reference, came.tallies, strict=True):
        usual = material["usual"].of(layout)
        drawn_from = np.bincount(usual[usual >= 0], minlength=layout.width) > 0
        assert (len(kept), len(tallies)) == (DEVICES, DEVICES)
        assert not kept.sum(0)[~drawn_from].any() and not tallies.sum((0, 1))[~drawn_from].any()
    answers = OPINION_LAYOUT.of(came.reference[1].sum(0), "answer")
    assert answers.sum() == REFERENCE
    each_day = [OPINION_LAYOUT.of(counts, "answer").sum() for counts in came.tallies[1].sum(0)]
    assert each_day == came.images.tolist()


def test_only_the_device_concerned_gets_others_and_not_before_their_day(material):
    came, change, _ = changed(material, "one broken detector of five", before=20, after=20)
    quiet = stream(material, np.random.default_rng([7, 0]), 30, 40)
    by_device = [PICTURE_LAYOUT.parts["noise"]]
    noisy = np.array([came.tallies[0][device][:, by_device[0]] @ np.arange(121) for device in range(DEVICES)])
    usual = np.array([quiet.tallies[0][device][:, by_device[0]] @ np.arange(121) for device in range(DEVICES)])
    assert noisy[change.device, 20:].mean() > 1.1 * usual[change.device, 20:].mean()
    assert noisy[:, :20].mean() == pytest.approx(usual[:, :20].mean(), rel=0.1)
    others = [device for device in range(DEVICES) if device != change.device]
    assert noisy[others].mean() == pytest.approx(usual[others].mean(), rel=0.1)
