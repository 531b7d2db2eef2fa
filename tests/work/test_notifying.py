"""Alarms told elsewhere: queued with what happened, sent in order until they are there, with nobody's name in them."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from cxr_core import clock
from cxr_core.errors import BadInput
from cxr_core.records import Channel, Role
from cxr_core.settings import Settings
from cxr_core.store import alarms, messages
from cxr_core.store.db import opened, transaction
from cxr_core.store.messages import Event
from cxr_core.work.drift import alarming, notifying, sending
from cxr_core.work.guarding import COMMAND_LINE
from tests.dicom.films import dataset, to_bytes
from tests.model.chests import phantom_chest
from tests.processes import wait_until
from tests.work.drifting import Stream
from tests.work.hosts import Dribbling, MailServer, Webhook, serving
from tests.work.sites import add_user, new_home, query, take_in

FIELDS = {"event", "at", "message", "alarm", "scope", "since", "opened_on", "closed_at", "model", "guess", "signals",
          "link"}  # fmt: skip
OF_A_SIGNAL = {"name", "title", "scope", "beside", "effect", "state"}
CANARIES = ("Doe", "Jane", "Canary", "ACC-4711", "a named person", "called him")


@pytest.fixture
def webhook():
    with serving(Webhook()) as server:
        yield server


@pytest.fixture
def mail():
    with serving(MailServer()) as server:
        yield server


@pytest.fixture
def settings(tmp_path, webhook):
    return new_home(tmp_path, webhook_url=webhook.url, site_url="https://cxr.hospital/")


@pytest.fixture
def admin(settings):
    return add_user(settings, Role.ADMIN)


def by_mail(port):
    return {"mail_host": "localhost", "mail_port": port, "mail_from": "cxr@hospital.example",
            "mail_to": "ward@hospital.example", "mail_starttls": False}  # fmt: skip


def raise_alarm(settings, since="2026-01-04", over=None):
    """An alarm with two signals, queued as a look does."""
    signal = {"beside": "site", "day": "2026-01-05", "chance": 0.0, "n": 40, "what": "", "sudden": 1}
    with opened(settings.home) as db, transaction(db):
        number = alarms.open_one(db, "device d1", "2026-01-05", since, "first", "inverted pictures")
        alarms.attach(db, number, [
            {**signal, "scope": "device d1", "signal": "polarity", "effect": 0.4213},
            {**signal, "scope": "site", "signal": "mean", "effect": 0.287},
        ])  # fmt: skip
        if over:
            alarms.fell_silent(db, number, "site", "site", "mean", over)
        messages.queue(db, number, Event.OPENED, settings.channels)
    return number


def kept(settings):
    return query(settings, "SELECT * FROM messages ORDER BY id")


def later(**duration):
    return clock.at(clock.now() + timedelta(**duration))


def test_what_goes_out_has_these_fields_and_no_others(settings, webhook):
    number = raise_alarm(settings, over="2026-01-09")
    assert notifying.deliver(settings) == 1
    (told,) = webhook.bodies
    assert set(told) == FIELDS
    assert all(set(signal) == OF_A_SIGNAL for signal in told["signals"])
    assert (told["event"], told["alarm"], told["scope"]) == ("opened", number, {"kind": "device", "name": "d1"})
    assert (told["since"], told["opened_on"], told["model"]) == ("2026-01-04", "2026-01-05", "first")
    assert (told["guess"], told["link"]) == ("inverted pictures", "https://cxr.hospital/drift")
    assert [(each["name"], each["effect"], each["state"]) for each in told["signals"]] == [
        ("polarity", 0.4213, "alarm"), ("mean", 0.287, "steady"),
    ]  # fmt: skip
    (row,) = kept(settings)
    assert (row["attempts"], row["sent_at"] is None, row["answer"]) == (1, False, "200 OK")
    assert notifying.deliver(settings) == 0, "once is enough"


def test_nothing_that_names_a_patient_or_that_anybody_typed_goes_out(tmp_path, webhook, mail):
    settings = new_home(tmp_path, webhook_url=webhook.url, **by_mail(mail.port))
    film = dataset(phantom_chest(4, True), PatientID="Doe-17", PatientName="Doe^Jane", AccessionNumber="ACC-4711",
                   StationName="Canary", InstitutionName="Canary")  # fmt: skip
    take_in(settings, to_bytes(film))
    (image,) = query(settings, "SELECT id, patient FROM images")
    admin, number = add_user(settings, Role.ADMIN, "Canary"), raise_alarm(settings)
    alarming.take(settings.home, admin, number)
    alarming.close(settings.home, admin, number, "a named person", "called him", settings.channels)
    assert notifying.deliver(settings) == 4
    out = "".join([*(repr(got) for got in webhook.got), *(str(letter) for letter in mail.letters)])
    assert [told["event"] for told in webhook.bodies] == ["opened", "closed"]
    assert [word for word in (*CANARIES, image["id"], image["patient"]) if word in out] == []


def test_a_look_that_opens_an_alarm_queues_it_and_closing_it_too(settings, admin, webhook):
    first = clock.now().date() - timedelta(days=31)
    with clock.at(clock.now() - timedelta(days=33)):
        stream = Stream(settings.home)
        stream.model("watched")
    for number in range(31):
        shift = 1.5 if number > 20 else 0.0
        stream.comes(first + timedelta(days=number), "watched", (shift, shift))
    (number,) = alarming.look(settings.home, settings.channels)
    alarming.close(settings.home, admin, number, "a tube", "called", settings.channels)
    assert [(row["alarm"], row["event"]) for row in kept(settings)] == [(number, "opened"), (number, "closed")]
    notifying.deliver(settings)
    opened_, closed = webhook.bodies
    assert (opened_["event"], closed["event"]) == ("opened", "closed")
    assert datetime.fromisoformat(closed["closed_at"]).date() == clock.now().date()
    assert {signal["name"] for signal in opened_["signals"]} == {"mean"}


def test_what_fails_is_not_queued(settings, admin):
    number = raise_alarm(settings)
    with pytest.raises(BadInput):
        alarming.close(settings.home, admin, number, "", "", settings.channels)
    assert [row["event"] for row in kept(settings)] == ["opened"]


def test_where_nothing_is_set_nothing_is_queued(tmp_path):
    settings = new_home(tmp_path)
    raise_alarm(settings)
    assert (settings.channels, kept(settings), notifying.deliver(settings)) == ((), [], 0)
    with pytest.raises(BadInput, match="set CXR_WEBHOOK_URL, or CXR_MAIL_HOST"):
        notifying.try_out(settings, COMMAND_LINE)


def test_a_host_that_refuses_twice_gets_it_the_third_time_each_later_than_the_last(settings, webhook):
    webhook.answers = [503, 500]
    number = raise_alarm(settings)
    assert notifying.deliver(settings) == 0
    (row,) = notifying.told_of(settings.home, COMMAND_LINE, number)
    assert "answers 503 Service Unavailable" in row.answer
    first = datetime.fromisoformat(row.next_at) - clock.now()
    assert notifying.deliver(settings) == 0
    assert len(webhook.got) == 1, "not before it is time"
    with later(minutes=2):
        notifying.deliver(settings)
        second = datetime.fromisoformat(kept(settings)[0]["next_at"]) - clock.now()
    assert timedelta(seconds=40) < first < timedelta(seconds=80) < second < timedelta(seconds=160)
    with later(minutes=10):
        assert notifying.deliver(settings) == 1
    assert [told["message"] for told in webhook.bodies] == [1, 1, 1]
    (row,) = kept(settings)
    assert (row["attempts"], row["answer"], row["given_up_at"]) == (3, "200 OK", None)


def test_pauses_grow_to_two_hours_and_no_further_and_are_never_the_same():
    pauses = [notifying._pause(attempts) / timedelta(minutes=1) for attempts in range(12) for _ in range(20)]
    usual = [min(2**attempts, 120) for attempts in range(12) for _ in range(20)]
    assert all(0.75 * each <= pause <= 1.25 * each for pause, each in zip(pauses, usual, strict=True))
    assert len(set(pauses)) == len(pauses)


def test_what_waits_goes_out_in_order_and_not_past_one_that_fails(settings, webhook):
    webhook.answers = [503]
    numbers = [raise_alarm(settings) for _ in range(3)]
    assert notifying.deliver(settings) == 0
    with later(minutes=2):
        assert notifying.deliver(settings) == 3
    assert [told["alarm"] for told in webhook.bodies] == [numbers[0], *numbers]


def test_what_fails_for_a_day_is_given_up_and_what_is_behind_it_goes_on(settings, admin, webhook):
    webhook.answers = [503] * 40
    raise_alarm(settings)
    start = clock.now()
    for hours in range(1, 40):
        with clock.at(start + timedelta(hours=hours)):
            if hours == 20:
                raise_alarm(settings)
            notifying.deliver(settings)
    first, second = kept(settings)
    lasted = datetime.fromisoformat(first["given_up_at"]) - start
    assert timedelta(hours=21) < lasted <= timedelta(hours=25)
    assert (first["sent_at"], second["given_up_at"]) == (None, None)
    with clock.at(start + timedelta(hours=42)):  # after any pause that began at the last look
        webhook.answers = []
        assert notifying.deliver(settings) == 1
        assert [each.alarm for each in notifying.given_up(settings.home, admin, 28)] == [1]
    with later(days=60):
        assert notifying.given_up(settings.home, admin, 28) == []


def test_one_channel_does_not_wait_for_the_other(tmp_path, mail):
    settings = new_home(tmp_path, webhook_url="http://127.0.0.1:1", **by_mail(mail.port))
    mail.busy = 1
    raise_alarm(settings)
    assert notifying.deliver(settings) == 0
    with later(minutes=2):
        assert notifying.deliver(settings) == 1
    states = {row["channel"]: (row["sent_at"] is not None, row["attempts"]) for row in kept(settings)}
    assert states == {Channel.WEBHOOK: (False, 2), Channel.MAIL: (True, 2)}


def test_a_host_that_never_ends_its_answer_keeps_nothing_from_the_other(tmp_path, mail, monkeypatch):
    monkeypatch.setattr(sending, "DEADLINE_SECONDS", 5.0)  # within which the mail is to go out, too
    with serving(Dribbling(b"HTTP/1.1 200 OK\r\nX-Slow: ")) as webhook:
        settings = new_home(tmp_path, webhook_url=f"http://127.0.0.1:{webhook.port}", **by_mail(mail.port))
        raise_alarm(settings)
        assert notifying.deliver(settings) == 1
    assert {row["channel"]: row["sent_at"] is not None for row in kept(settings)} == {"webhook": False, "e-mail": True}
    assert len(mail.letters) == 1


def test_what_waits_for_a_channel_that_is_not_set_any_more_is_given_up(settings):
    raise_alarm(settings)
    notifying.deliver(Settings(home=settings.home))
    (row,) = kept(settings)
    assert (row["given_up_at"] is not None, row["answer"]) == (True, "its channel is not set any more")


def test_killed_while_the_host_has_it_it_is_sent_again(settings, webhook):
    """Before, the attempt was on record; after, the host's answer wasn't."""
    webhook.goes_on.clear()
    raise_alarm(settings)
    victim = multiprocessing.get_context("spawn").Process(target=notifying.deliver, args=(settings,))
    victim.start()
    wait_until(webhook.came.is_set)
    victim.kill()
    victim.join()
    webhook.goes_on.set()
    (row,) = kept(settings)
    assert (row["attempts"], row["sent_at"]) == (1, None)
    assert notifying.deliver(settings) == 0
    with later(minutes=2):
        assert notifying.deliver(settings) == 1
    assert webhook.bodies[0] == webhook.bodies[1]
    assert kept(settings)[0]["sent_at"]


def test_of_two_who_send_at_once_one_does(settings, webhook):
    for _ in range(3):
        raise_alarm(settings)
    with ThreadPoolExecutor(4) as several:
        sent = [each.result() for each in [several.submit(notifying.deliver, settings) for _ in range(4)]]
    assert (sum(sent), sorted(told["message"] for told in webhook.bodies)) == (3, [1, 2, 3])


def test_the_chore_waits_for_no_host(settings, webhook):
    webhook.goes_on.clear()
    raise_alarm(settings)
    chore = notifying.delivering(settings)
    assert next(chore) is False
    wait_until(webhook.came.is_set)
    assert [next(chore) for _ in range(3)] == [False] * 3
    webhook.goes_on.set()
    wait_until(lambda: kept(settings)[0]["sent_at"])


def test_a_test_says_what_came_back_of_each_channel(tmp_path, webhook):
    settings = new_home(tmp_path, webhook_url=webhook.url, **by_mail(1))
    posted, mailed = notifying.try_out(settings, COMMAND_LINE)
    assert posted == {"channel": "webhook", "sent": True, "answer": "200 OK"}
    assert (mailed["channel"], mailed["sent"]) == ("e-mail", False)
    assert mailed["answer"].startswith("the mail server localhost:1: nothing answers at that port")
    (told,) = webhook.bodies
    assert set(told) == FIELDS
    assert (told["event"], told["alarm"]) == ("test", None)
    assert kept(settings) == []
