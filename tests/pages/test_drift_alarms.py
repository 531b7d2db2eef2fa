"""The drift page's alarms and its form for a reference: what admins do there, and what radiologists don't see."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cxr_core import clock
from cxr_core.records import Role
from cxr_core.store import alarms, messages
from cxr_core.store.db import opened
from cxr_core.store.messages import Event
from cxr_core.work import people
from cxr_core.work.drift import freezing
from cxr_core.work.guarding import COMMAND_LINE


@pytest.fixture
def alarm(home):
    """The number of an open alarm of a device, with the site's word on it."""
    signal = {"beside": "site", "day": "2026-01-05", "chance": 0.0, "n": 40, "sudden": 1}
    with opened(home) as db:
        number = alarms.open_one(db, "device tube", "2026-01-05", "2026-01-04", "first", "inverted pictures")
        alarms.attach(db, number, [
            {**signal, "scope": "device tube", "signal": "put right", "effect": 0.421, "what": "inverted"},
            {**signal, "scope": "site", "signal": "mean", "effect": 0.287, "what": ""},
        ])  # fmt: skip
    return number


@pytest.fixture
def opened_alarm(show, alarm):
    """The page as an admin sees it with the alarm opened, as its address says."""
    return show("drift", "bob", **{f"alarm-{alarm}": "true"})


def keys(app):
    return {button.key for button in app.button}


def test_an_alarm_is_a_line_until_it_is_opened(show, said, alarm):
    app = show("drift", "bob")
    assert not app.exception
    assert f"Alarm {alarm}: inverted pictures], device tube, since 2026-01-04; nobody's yet" in app.expander[0].label
    assert "Put right before they were judged" not in said(app)
    assert keys(app) == set()


def test_an_admin_sees_what_changed_where_and_what_it_usually_is(said, opened_alarm):
    app = opened_alarm
    text = said(app)
    assert not app.exception
    assert "Since 2026-01-04, noticed on 2026-01-05" in text
    assert "call the modality engineer" in text
    assert "nobody's yet" in text
    assert all(part in text for part in ("Put right before they were judged", "42 %", "Average brightness", "29 %"))


def test_an_admin_takes_an_alarm_and_closes_it_in_words_alone(opened_alarm, said, home, alarm):
    app = opened_alarm
    app.button(key=f"take-{alarm}").click().run()
    assert "It is bob's." in said(app)
    assert f"take-{alarm}" not in keys(app)
    app.button(key=f"close-now-{alarm}").click().run()
    assert "say what it was and what was done" in said(app)
    app.text_input(key=f"cause-{alarm}").set_value("a router inverted them")
    app.text_input(key=f"action-{alarm}").set_value("the router was put right")
    app.button(key=f"close-now-{alarm}").click().run()
    assert not app.exception
    assert f"close-now-{alarm}" not in keys(app)
    assert "a router inverted them" in said(app)
    assert [expander.label for expander in app.expander] == ["Closed alarms: 1"]
    with opened(home) as db:
        assert alarms.get(db, alarm).closed_by == "bob"


def test_somebody_who_comes_too_late_is_told(opened_alarm, said, home, alarm):
    app = opened_alarm
    with opened(home) as db:
        alarms.close(db, alarm, 2, "a tube", "called")
    app.button(key=f"take-{alarm}").click().run()
    assert not app.exception
    assert "nobody's yet" not in said(app)


def test_a_radiologist_sees_no_alarm(show, said, alarm, arrive):
    arrive(1)
    app = show("drift", "ann")
    assert not app.exception
    assert "Alarm" not in said(app)
    assert keys(app) == set()


def test_an_alarm_stands_above_the_signals_with_its_images(show, said, home, alarm, arrive):
    image = arrive(1)
    with opened(home) as db:
        db.execute("UPDATE images SET device = 'tube'")
    app = show("drift", "bob", **{f"alarm-{alarm}": "true"})
    assert not app.exception
    assert "inverted pictures" in app.expander[0].label
    assert f"<img src='/images/{image}/thumbnail'" in said(app)
    assert "The site has no reference with such images." in said(app)


def test_the_form_says_how_many_more_a_reference_needs(show, said, arrive):
    for number in range(3):
        arrive(number)
    assert f"3 X-rays could go into the next one; {freezing.FEWEST} are needed." in said(show("drift", "bob"))
    assert "could go into the next one" not in said(show("drift", "ann"))


def test_an_admin_freezes_a_reference_with_a_reason(show, said, arrive, home, ann):
    for number in range(freezing.FEWEST):
        arrive(number)
    assert "freeze" not in keys(show("drift", "ann"))
    app = show("drift", "bob")
    app.button(key="freeze").click().run()
    assert "say why" in said(app)
    (reason,) = app.text_input
    reason.set_value("the first weeks")
    app.button(key="freeze").click().run()
    assert not app.exception
    assert "freeze" not in keys(app)
    (found,) = freezing.frozen(home, ann)
    assert (found.images, found.reason, found.frozen_by) == (freezing.FEWEST, "the first weeks", "bob")
    assert "the first weeks" in said(show("drift", "bob"))
    assert "the first weeks" not in said(show("drift", "ann")), "a reason may name somebody"


def test_a_period_is_chosen_and_told_how_many_there_are_before_it_is_frozen(show, said, arrive, home, ann):
    for number in range(freezing.FEWEST):
        arrive(number)
    today = clock.now().date()
    app = show("drift", "bob")
    way = next(each for each in app.segmented_control if each.key.startswith("way-"))
    way.set_value(way.options[1]).run()
    assert f"0 X-rays came in from {today - timedelta(28)} to {today - timedelta(1)}" in said(app)
    assert "freeze" not in keys(app)
    app.date_input(key="from-0").set_value(today + timedelta(1)).run()
    assert "begin with the earlier one" in said(app)
    app.date_input(key="from-0").set_value(today).run()
    app.date_input(key="to-0").set_value(today).run()
    assert f"{freezing.FEWEST} X-rays came in from {today} to {today}." in said(app)
    app.text_input[0].set_value("a new tube")
    app.button(key="freeze").click().run()
    assert not app.exception
    (found,) = freezing.frozen(home, ann)
    assert (found.images, found.reason, found.first_at[:10]) == (freezing.FEWEST, "a new tube", str(today))


def test_where_x_rays_come_from_is_listed_beside_the_sites_reference(show, said, arrive, home):
    eve = people.add_user(home, COMMAND_LINE, "eve", Role.ADMIN, "a long password")
    with clock.at(clock.now() - timedelta(days=2)):
        for number in range(freezing.FEWEST):
            arrive(number)
    freezing.freeze(home, eve, "the first weeks")
    for number in range(200, 260):
        arrive(number)
    with opened(home) as db:
        db.execute("UPDATE tallies SET device = 'new' WHERE day = ?", (clock.stamp()[:10],))
    text = said(show("drift", "ann"))
    assert "Station: never seen" in text
    assert "A machine sends that sent none of the site" in text
    assert "Make and model" not in text, "the reference knows none"


def test_an_alarm_says_whether_it_was_told_elsewhere(show, said, home, alarm):
    assert "Webhook" not in said(show("drift", "bob", **{f"alarm-{alarm}": "true"}))
    with opened(home) as db:
        messages.queue(db, alarm, Event.OPENED, ["webhook", "e-mail"])
    assert "Webhook: waits to be sent. E-mail: waits to be sent." in said(
        show("drift", "bob", **{f"alarm-{alarm}": "true"})
    )
    with opened(home) as db:
        for number in (1, 2):
            messages.begin(db, number, "2026-01-05T12:00:00+00:00")
        messages.sent(db, 1, "200 OK")
        messages.failed(db, 2, "the mail server has no room", is_last=False)
    text = said(show("drift", "bob", **{f"alarm-{alarm}": "true"}))
    assert "UTC, 200 OK. E-mail: waits to be sent, after 1 attempt: the mail server has no room." in text
    assert "could not be told" not in text
    with opened(home) as db:
        messages.failed(db, 2, "the mail server has no room", is_last=True)
    text = said(show("drift", "bob", **{f"alarm-{alarm}": "true"}))
    assert "E-mail: given up after 1 attempt." in text
    assert f"That alarm {alarm} was opened could not be told by e-mail: the mail server has no room" in text


def test_closing_an_alarm_queues_that_where_a_webhook_is_set(show, home, alarm, monkeypatch):
    monkeypatch.setenv("CXR_WEBHOOK_URL", "http://127.0.0.1:1/hook")
    app = show("drift", "bob", **{f"alarm-{alarm}": "true"})
    app.text_input(key=f"cause-{alarm}").set_value("a router inverted them")
    app.text_input(key=f"action-{alarm}").set_value("the router was put right")
    app.button(key=f"close-now-{alarm}").click().run()
    with opened(home) as db:
        assert [(each.event, each.channel) for each in messages.of_alarm(db, alarm)] == [("closed", "webhook")]


@pytest.mark.parametrize("who", ["ann", "bob"])
def test_everybody_may_take_the_figures_away_of_the_time_that_is_shown(show, said, arrive, who):
    arrive(1)
    text = said(show("drift", who, range="4 weeks"))
    assert all(f'href="/drift.{kind}?days=28"' in text for kind in ("html", "csv", "json"))
