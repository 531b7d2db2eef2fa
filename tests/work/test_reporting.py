"""The drift page as JSON, CSV and metrics: the same figures in all, for each what they may see, safe to open."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from cxr_core import clock
from cxr_core.drift.sight import Scope
from cxr_core.drift.trace import State
from cxr_core.errors import BadInput
from cxr_core.records import Role
from cxr_core.work.drift import alarming, metrics, reporting, watching
from cxr_core.work.drift.watching import View
from cxr_core.work.exposition import family
from cxr_core.work.models import stopping
from cxr_core.work.privacy import erasing
from cxr_core.work.service import figures
from tests.work.drifted import drifted
from tests.work.sites import add_user, new_home, picture, query, take_in


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Settings, an admin and a reader; tests must not change anything."""
    return drifted(tmp_path_factory.mktemp("drifted"), ("webhook",))


def cells(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_and_json_have_the_figures_of_the_page(home):
    settings, admin, _ = home
    found = reporting.report(settings.home, admin, View(28))
    told, rows, shown = (
        reporting.figures(found),
        cells(reporting.table(found)),
        watching.watch(settings.home, admin, View(28)),
    )
    today = [row for row in rows if not row["week"]]
    assert len(today) == len(told["signals"]) == len(shown.now)
    for row, signal, said in zip(today, told["signals"], shown.now, strict=True):
        finding = said.finding
        assert (row["signal"], row["scope"], row["beside"]) == said.key[2:] + said.key[:2] == (
            signal["name"], signal["scope"], signal["beside"],
        )  # fmt: skip
        assert row["state"] == signal["state"] == finding.state
        assert float(row["effect"]) == signal["effect"] == finding.effect
        assert float(row["chance"]) == signal["chance"] == finding.chance
        assert int(row["n"]) == signal["n"] == finding.n
        assert (row["since"] or None) == signal["since"] == (finding.since and finding.since.isoformat())
    by_week = {week["week"]: len(week["signals"]) for week in told["weeks"]}
    assert by_week == {week.isoformat(): len(said) for week, said in shown.weeks.items()}
    assert {week: sum(row["week"] == week for row in rows) for week in by_week} == by_week
    assert max(row["until"] for row in rows) == found.made_at[:10]
    assert told["images"] == sum(shown.images.values())
    assert told["expected"]["n"] == shown.expected.n > 0
    assert told["site_reference"]["id"] == 1


def test_alarms_and_messages_are_told_to_admins_alone(home):
    settings, admin, reader = home
    told = reporting.drift_now(settings.home, admin, 28)
    (alarm,) = told["alarms"]
    assert (alarm["scope"], alarm["guess"], alarm["owner"]) == ("device left", "another exposure or processing", None)
    assert {signal["signal"] for signal in alarm["signals"]} == {"mean"}
    assert told["messages"] == {"waiting": 1, "given_up": []}
    assert not {"alarms", "closed_alarms", "messages"} & set(reporting.drift_now(settings.home, reader, 28))
    assert reporting.report(settings.home, reader, View(28)).alarms is None


def test_a_closed_alarm_is_told_with_what_it_was(tmp_path):
    settings, admin, _ = drifted(tmp_path)
    alarming.close(settings.home, admin, 1, "a new tube", "called")
    told = reporting.drift_now(settings.home, admin, 28)
    assert told["alarms"] == []
    assert [(each["cause"], each["action"]) for each in told["closed_alarms"]] == [("a new tube", "called")]


def test_during_a_stop_a_reader_takes_nothing_away_of_what_the_model_says(tmp_path):
    settings, admin, reader = drifted(tmp_path)
    stopping.stop(settings.home, admin, "it misses too much")
    of_pictures = {"mean", "noise", "station", "equipment"}
    for user, names in ((admin, {*of_pictures, "probability"}), (reader, of_pictures)):
        told = reporting.drift_now(settings.home, user, 28)
        assert {signal["name"] for week in told["weeks"] for signal in week["signals"]} == names
        written = cells(reporting.table(reporting.report(settings.home, user, View(28))))
        assert {row["signal"] for row in written} == names
        assert (told["expected"]["n"] > 0) is (user is admin)


def test_neither_an_image_nor_a_patient_nor_a_reason_is_told(tmp_path):
    settings, admin, _ = drifted(tmp_path)
    take_in(settings, picture(1))
    (image,) = query(settings, "SELECT id, patient, file_sha256 FROM images")
    found = reporting.report(settings.home, admin, View(28))
    text = json.dumps(reporting.figures(found)) + reporting.table(found) + metrics.metrics(settings.home, admin, found)
    assert [word for word in (*image.values(), "a test") if word in text] == []


def test_what_a_spreadsheet_would_run_is_made_harmless(home):
    settings, admin, _ = home
    found = reporting.report(settings.home, admin, View(28))
    found.watch.now[0] = replace(found.watch.now[0], scope=Scope("=cmd", "left"), beside="+model")
    row = cells(reporting.table(found))[0]
    assert (row["scope"], row["beside"]) == ("'=cmd left", "'+model")


def test_what_is_taken_away_is_on_record(tmp_path):
    settings = new_home(tmp_path)
    reader = add_user(settings)
    reporting.put_on_record(settings.home, reader, reporting.report(settings.home, reader, View(28)), "csv")
    (event,) = query(settings, "SELECT actor, details FROM audit WHERE action = 'export drift'")
    assert (event["actor"], json.loads(event["details"])) == (reader.name, {"kind": "csv", "days": 28})


def exported(settings, user, **looked_at):
    view = View(28, **looked_at)
    reporting.put_on_record(settings.home, user, reporting.report(settings.home, user, view), "csv")


def test_what_was_looked_at_is_on_record_with_it(tmp_path):
    settings, admin, _ = drifted(tmp_path)
    until = clock.now().date() - timedelta(days=3)
    exported(settings, admin, until=until, model="watched", device="device-0123abcd")
    (event,) = query(settings, "SELECT details FROM audit WHERE action = 'export drift'")
    assert json.loads(event["details"]) == {
        "kind": "csv", "days": 28, "until": until.isoformat(), "model": "watched", "device": "device-0123abcd",
    }  # fmt: skip


def test_what_anybody_typed_as_a_device_never_gets_on_record(tmp_path):
    settings = new_home(tmp_path)
    with pytest.raises(BadInput, match="'Jane Doe' is no device"):
        exported(settings, add_user(settings), device="Jane Doe")
    assert query(settings, "SELECT 1 FROM audit WHERE action = 'export drift'") == []


NAME, LABEL = r"[a-zA-Z_:][a-zA-Z0-9_:]*", r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\S+)")


def parsed(text):
    """Prometheus' text format 0.0.4, strictly: values by name and labels, and the type of each name."""
    assert text.endswith("\n")
    values, types, helped = {}, {}, set()
    for line in text.splitlines():
        if found := re.fullmatch(rf"# HELP ({NAME}) (.+)", line):
            assert found[1] not in helped
            helped.add(found[1])
        elif found := re.fullmatch(rf"# TYPE ({NAME}) (counter|gauge)", line):
            assert found[1] in helped and found[1] not in types
            types[found[1]] = found[2]
        else:
            found = SAMPLE.fullmatch(line)
            assert found, line
            assert list(types)[-1] == found[1], "the samples of a name stand together, after its type"
            key = found[1], tuple(sorted(re.findall(LABEL, found[2] or "")))
            assert key not in values and math.isfinite(float(found[3]))
            values[key] = float(found[3])
    return values, types


def test_metrics_are_what_prometheus_reads(home):
    settings, admin, _ = home
    found = reporting.report(settings.home, admin, View(28))
    values, types = parsed(metrics.metrics(settings.home, admin, found))
    assert all((kind == "counter") is name.endswith("_total") for name, kind in types.items())
    assert values["cxr_drift_messages_given_up_total", ()] == 0
    states = {State.TOO_FEW: 0, State.STEADY: 1, State.WATCH: 2, State.ALARM: 3}
    for said in found.watch.now:
        place, beside, name = said.key
        labels = tuple(sorted([f'signal="{name}"', f'scope="{place}"', f'beside="{beside}"']))
        assert values["cxr_drift_signal_state", labels] == states[said.finding.state]
        assert values["cxr_drift_signal_effect_ratio", labels] == pytest.approx(said.finding.effect)
    assert values["cxr_drift_looked_up_to_timestamp_seconds", ()] % 86_400 == 0


def test_labels_are_escaped():
    text = family("cxr_x", "gauge", "A test.", [({"scope": 'device "a\\b"\nc'}, 1)])
    values, _ = parsed(text)
    assert list(values) == [("cxr_x", ('scope="device \\"a\\\\b\\"\\nc"',))]


def test_x_rays_are_counted_and_erasing_makes_them_no_fewer(tmp_path):
    settings = new_home(tmp_path)
    admin = add_user(settings, Role.ADMIN)
    take_in(settings, picture(1), picture(2))

    def counted():
        found = reporting.report(settings.home, admin, View(28))
        looked, _ = parsed(metrics.metrics(settings.home, admin, found))
        service, _ = parsed(figures.figures(settings))
        return service["cxr_images_total", ()], looked["cxr_images_today", ()]

    assert counted() == (2, 2)
    (patient, *_) = [row["patient"] for row in query(settings, "SELECT patient FROM images")]
    erasing.erase(settings.home, admin, patient, "asked for")
    ever, today = counted()
    assert (ever, today < 2) == (2, True)
    take_in(settings, picture(1), picture(2))
    assert counted() == (2, 2), "of the same X-ray that came in again, too, there is one"
    erasing.erase(settings.home, admin, patient, "asked for again")
    assert counted() == (2, today)


def test_each_figure_is_in_one_place_only(tmp_path):
    settings = new_home(tmp_path)
    admin = add_user(settings, Role.ADMIN)
    take_in(settings, picture(1))
    looked = parsed(metrics.metrics(settings.home, admin, reporting.report(settings.home, admin, View(28))))[1]
    service = parsed(figures.figures(settings))[1]
    assert not looked.keys() & service.keys()
    assert not {name.replace("cxr_drift_", "cxr_") for name in looked} & service.keys()


def test_a_home_in_which_nothing_was_looked_at_yet_has_metrics_too(tmp_path):
    settings = new_home(tmp_path)
    admin = add_user(settings, Role.ADMIN)
    values, _ = parsed(metrics.metrics(settings.home, admin, reporting.report(settings.home, admin, View(28))))
    assert values["cxr_images_today", ()] == 0
    assert ("cxr_drift_looked_up_to_timestamp_seconds", ()) not in values
