"""The PACS page: what comes and goes, who may send, where answers go and by which rules."""

from __future__ import annotations

import pytest

from cxr_core import clock
from cxr_core.records import Answer, DeliveryState, Label, Lane, Mode, Proof, Release, Role
from cxr_core.store import deliveries, destinations, jobs, listeners, lists, senders
from cxr_core.store.db import opened
from cxr_core.store.destinations import Rule
from cxr_core.store.listeners import Listening
from cxr_core.work import people
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import connecting
from cxr_core.work.models import stopping
from cxr_core.work.privacy import identity
from tests.pages.forms import field
from tests.store.exchanged import add_arrival, add_delivery, add_destination, add_sender, delivery

TOKEN_LENGTH = 43


@pytest.fixture
def db(home):
    with opened(home) as database:
        yield database


@pytest.fixture
def image(db, arrive):
    """One that came from the CT router, and whose report goes to PACS."""
    found = arrive(1)
    add_delivery(db, add_arrival(db, add_sender(db), image=found), add_destination(db), model=None)
    return found


def dead(db, number, why="no such study"):
    deliveries.dead(db, delivery(db, number), why)


def test_it_is_for_admins(show):
    app = show("pacs", "ann")
    assert "for the role admin" in app.warning[0].value
    assert not app.button


def test_an_empty_home_is_told_the_steps_in_order(show, said):
    text = said(show("pacs", "bob"))
    steps = ("pacs key FILE", "under Senders", "cxr_core listen", "under Destinations", "under Rules")
    places = [text.index(step) for step in steps]
    assert places == sorted(places)
    assert "Nothing listens" in text
    assert "Nothing came in today" in text


def test_a_key_that_this_program_was_not_told_of_is_the_next_step(show, said, home, tmp_path):
    identity.make_key(home, COMMAND_LINE, tmp_path / "identity.key")
    text = said(show("pacs", "bob"))
    assert "without it nothing that came in can be opened" in text
    assert "pacs key FILE" not in text


def test_what_came_today_is_told_by_sender_and_station_and_how_much_by_the_hour(show, said, db, image):
    add_arrival(db, 1, 2)
    app = show("pacs", "bob")
    assert not app.exception
    assert "<td>CT router</td><td>1</td><td>2</td><td>1</td>" in said(app)
    assert [chart.proto.id.rpartition("-")[2] for chart in app.get("plotly_chart")] == ["hour"]


def test_the_queue_counts_what_waits_for_each_destination_and_leads_to_it(show, said, image):
    text = said(show("pacs", "bob"))
    assert 'href="/pacs?part=Ledger&amp;stands=queued&amp;to=PACS" target="_self">1</a>' in text


def test_while_the_opinion_is_switched_off_the_page_says_that_answers_wait(show, said, home, image):
    assert "No answer goes out" not in said(show("pacs", "bob"))
    eve = people.add_user(home, COMMAND_LINE, "eve", Role.ADMIN, "a long password")
    stopping.stop(home, eve, "too many misses")
    assert "No answer goes out while the model's opinion is switched off" in said(show("pacs", "bob"))


def test_where_all_is_there_the_page_says_who_listens_where_and_no_more(show, said, db, home, monkeypatch, tmp_path):
    key = tmp_path / "identity.key"
    identity.make_key(home, COMMAND_LINE, key)
    monkeypatch.setenv("CXR_IDENTITY_KEY", str(key))
    add_sender(db)
    destinations.add_rule(db, Rule(add_destination(db), (Answer.REPORT,)))
    text = said(show("pacs", "bob"))
    assert "over the network. Start <code>python -m cxr_core listen</code>" in text
    listeners.register(db, "one", Listening("CXRREADER", "127.0.0.1", 11112, 2762))
    text = said(show("pacs", "bob"))
    assert '<div class="listens">Listening as CXRREADER on 127.0.0.1:11112 (TLS 2762) since 20' in text
    assert "Start" not in text


def test_one_is_let_in_by_its_ae_title_and_removed_by_a_second_click(show, home, said):
    app = show("pacs", "bob", part="Senders")
    field(app, "Name").set_value("Room 1")
    field(app, "Address or network").set_value("10.1.2.3")
    app.button(key="let-send").click().run()
    assert "Say the AE title" in app.error[0].value
    field(app, "Its AE title").set_value("ROOM1")
    app.button(key="let-send").click().run()
    (found,) = connecting.all_senders(home, COMMAND_LINE)
    assert (found.name, found.calling, found.network) == ("Room 1", "ROOM1", "10.1.2.3/32")
    assert "AE title ROOM1, from 10.1.2.3<" in said(app)
    app.button(key=f"remove-sender-{found.id}").click().run()
    assert connecting.all_senders(home, COMMAND_LINE) == []


def test_a_token_is_shown_until_somebody_has_it_and_never_again(show, db):
    app = show("pacs", "bob", part="Senders")
    app.button_group(key="way-in-0").set_value("DICOMweb (STOW-RS), by token").run()
    field(app, "Name").set_value("Gateway")
    field(app, "Address or network").set_value("10.1.0.0/16")
    app.button(key="let-send").click().run()
    token = app.code[0].value
    assert len(token) == TOKEN_LENGTH
    assert senders.with_token(db, token).name == "Gateway"
    app.button(key="have-token").click().run()
    assert not app.code
    assert token not in str(show("pacs", "bob", part="Senders"))


def test_a_network_that_is_none_is_refused_with_the_remedy(show, home):
    app = show("pacs", "bob", part="Senders")
    for label, value in (("Name", "Room 1"), ("Address or network", "room one"), ("Its AE title", "ROOM1")):
        field(app, label).set_value(value)
    app.button(key="let-send").click().run()
    assert "say one like 10.1.2.3" in app.error[0].value
    assert connecting.all_senders(home, COMMAND_LINE) == []


def test_a_destination_is_added_held_let_go_on_and_removed(show, home, said):
    app = show("pacs", "bob", part="Destinations")
    field(app, "Name").set_value("PACS")
    field(app, "Address").set_value("PACS@10.1.2.3:104")
    app.button(key="add-destination").click().run()
    assert "PACS@10.1.2.3:104, proven by a query" in said(app)
    app.button(key="hold-1").click().run()
    assert "say why" in app.error[0].value
    app.text_input(key="because-1").set_value("it is being <b>moved</b>")
    app.button(key="hold-1").click().run()
    assert "UTC: it is being &lt;b&gt;moved&lt;/b&gt;" in said(app)
    assert "held: it is being &lt;b&gt;moved&lt;/b&gt;" in said(show("pacs", "bob", part="Traffic"))
    app.button(key="go-on-1").click().run()
    assert connecting.all_destinations(home, COMMAND_LINE)[0].held_at is None
    app.button(key="remove-destination-1").click().run()
    assert connecting.all_destinations(home, COMMAND_LINE) == []


def test_a_destination_gets_another_address_and_what_waits_stays(show, home, said, image):
    app = show("pacs", "bob", part="Destinations")
    at = next(each for each in app.text_input if each.label == "Address" and each.value)
    assert at.value == "PACS@127.0.0.1:104"
    at.set_value("NEW@10.1.2.4")
    app.button(key="change-destination-1").click().run()
    assert "say AE@host:port" in app.error[0].value
    next(each for each in app.text_input if each.value == "NEW@10.1.2.4").set_value("NEW@10.1.2.4:105")
    app.button(key="change-destination-1").click().run()
    assert "NEW@10.1.2.4:105, proven by a query" in said(app)
    (waits,) = connecting.ledger(home, COMMAND_LINE)
    assert (waits.destination, waits.state) == (1, DeliveryState.QUEUED)


def test_a_web_destination_is_added_with_files_and_offers_no_commitment(show, home):
    app = show("pacs", "bob", part="Destinations")
    app.button_group(key="way-0").set_value("DICOMweb").run()
    assert not any("commitment" in option for option in app.radio[0].options)
    for label, value in (
        ("Name", "Web"), ("URL of its DICOMweb", "https://pacs.hospital/dicom-web"),
        ("User, if it asks for one", "app"), ("File with the password", "pacs-password"),
    ):  # fmt: skip
        field(app, label).set_value(value)
    app.button(key="add-destination").click().run()
    (found,) = connecting.all_destinations(home, COMMAND_LINE)
    assert (found.address["user"], found.address["password_file"]) == ("app", "pacs-password")


@pytest.mark.parametrize(("secrets", "says"), [
    ("/etc/cxr/secrets", "in /etc/cxr/secrets (CXR_SECRETS)"), ("", "CXR_SECRETS names the folder where they lie"),
])  # fmt: skip
def test_the_page_says_where_files_with_secrets_lie_and_takes_no_path(show, home, monkeypatch, secrets, says):
    monkeypatch.setenv("CXR_SECRETS", secrets)
    app = show("pacs", "bob", part="Destinations")
    app.button_group(key="way-0").set_value("DICOMweb").run()
    assert any(says in caption.value for caption in app.caption)
    for label, value in (
        ("Name", "Mine"), ("URL of its DICOMweb", "https://mine"), ("User, if it asks for one", "u"),
        ("File with the password", f"{home}/secret.key"),
    ):  # fmt: skip
        field(app, label).set_value(value)
    app.button(key="add-destination").click().run()
    assert "without a path" in app.error[0].value
    assert connecting.all_destinations(home, COMMAND_LINE) == []


@pytest.mark.parametrize(("end", "told"), [
    (lambda db, job: jobs.finish(db, job, "w", {"milliseconds": 12.3}), "answers in 12 ms"),
    (lambda db, job: jobs.fail(db, job, "w", "<no> answer"), "&lt;no&gt; answer"),
])  # fmt: skip
def test_an_echo_is_a_job_and_the_page_says_what_came_of_it(show, said, db, home, end, told):
    add_destination(db)
    app = show("pacs", "bob", part="Destinations")
    app.button(key="echo-1").click().run()
    assert "being tried" in said(app)
    assert app.button(key="echo-1").disabled
    end(db, jobs.claim(db, Lane.READING, "w").id)
    app.run()
    assert told in said(app)
    assert not app.button(key="echo-1").disabled
    connecting.change_dicom(home, COMMAND_LINE, "PACS", "MOVED@10.1.2.9:104", False, Proof.QUERY)
    assert told not in said(app.run()), "that was said of another address"


def test_a_rule_can_be_added_only_once_it_was_tried_as_it_stands(show, said, home, image):
    app = show("pacs", "bob", part="Rules")
    assert app.button(key="add-rule").disabled
    app.selectbox(key="label-0").set_value(Label.PNEUMONIA).run()
    app.button(key="dry-run").click().run()
    assert "1 object that came in the last 7 days, 1 fits: 1 capture and 1 report would leave now." in said(app)
    app.selectbox(key="modality-0").set_value("DX").run()
    assert app.button(key="add-rule").disabled
    app.button(key="dry-run").click().run()
    app.button(key="add-rule").click().run()
    assert "every DX labelled Pneumonia → PACS: capture and report, as read" in said(app)
    (rule,) = connecting.all_rules(home, COMMAND_LINE)
    assert (rule.answers, rule.label, rule.modality) == ((Answer.CAPTURE, Answer.REPORT), Label.PNEUMONIA, "DX")
    app.button(key=f"remove-rule-{rule.id}").click().run()
    assert connecting.all_rules(home, COMMAND_LINE) == []


def test_a_rule_holds_within_hours_where_they_are_said(show, home, image):
    app = show("pacs", "bob", part="Rules")
    app.toggle(key="within-0").set_value(True).run()
    app.button(key="dry-run").click().run()
    app.button(key="add-rule").click().run()
    assert connecting.all_rules(home, COMMAND_LINE)[0].hours == (18, 7)


def test_every_release_that_the_command_knows_can_be_chosen_and_never_sends_nothing(show, said, home, image):
    app = show("pacs", "bob", part="Rules")
    assert len(app.selectbox(key="release-0").options) == len(Release)
    app.selectbox(key="release-0").set_value(Release.NEVER).run()
    app.button(key="dry-run").click().run()
    assert "1 fits: nothing would leave now; what answers 1 of them waits for a read, or never leaves." in said(app)
    app.button(key="add-rule").click().run()
    assert connecting.all_rules(home, COMMAND_LINE)[0].release is Release.NEVER
    assert "PACS: capture and report, never" in said(app)


def test_a_rule_that_sends_nothing_can_not_be_tried(show, image):
    app = show("pacs", "bob", part="Rules")
    app.multiselect(key="answers-0").set_value([]).run()
    assert app.button(key="dry-run").disabled


def test_at_once_warns_where_readers_must_not_know_beforehand(show, db, image):
    app = show("pacs", "bob", part="Rules")
    app.selectbox(key="release-0").set_value(Release.AT_ONCE).run()
    assert not app.warning
    db.execute("UPDATE worklists SET mode = ? WHERE id = 1", (Mode.SECOND_READER.value,))
    app.run()
    first = lists.get(db, 1).name
    assert f"a reader of {first} (second reader) may see it before they have read here" in app.warning[0].value
    destinations.add_rule(db, Rule(1, (Answer.REPORT,), Release.AT_ONCE))
    assert len(show("pacs", "bob", part="Rules").warning) == 1


def test_the_ledger_tells_each_answer_and_only_what_is_verified_is_green(show, db, image):
    deliveries.verified(db, delivery(db, 1), "it is there")
    row = show("pacs", "bob", part="Ledger").dataframe[0].value.iloc[0]
    assert list(row[["Destination", "Answer", "Image", "State", "Said", "Next"]]) == [
        "PACS", "report", "00000000", "verified", "it is there", "–",
    ]  # fmt: skip


def test_the_ledger_is_narrowed_by_the_address_which_names_what_there_is(show, said, db, image):
    add_delivery(db, add_arrival(db, 1, 2), add_destination(db, "Other"), model=None)
    assert list(show("pacs", "bob", part="Ledger", to="Other").dataframe[0].value["Destination"]) == ["Other"]
    assert "Nothing fits these filters" in said(show("pacs", "bob", part="Ledger", stands="dead"))
    assert "There is no destination `Nowhere`" in said(show("pacs", "bob", part="Ledger", to="Nowhere"))


def test_what_is_believed_without_a_proof_has_no_next_try(show, db, image):
    deliveries.accepted(db, delivery(db, 1), "accepted", "9999")
    assert show("pacs", "bob", part="Ledger").dataframe[0].value.iloc[0]["Next"] == "–"
    deliveries.wait(db, delivery(db, 1), "accepted", "2999-01-01T00:00:00.000000+00:00")
    assert show("pacs", "bob", part="Ledger").dataframe[0].value.iloc[0]["Next"] == "2999-01-01 00:00"


def test_dead_letters_stand_on_top_by_reason_and_all_of_one_go_again(show, said, db, image):
    for number, kind in enumerate((Answer.CAPTURE, Answer.REPORT), 2):
        dead(db, add_delivery(db, add_arrival(db, 1, number), 1, kind, None).id, "too <large>")
    dead(db, 1)
    app = show("pacs", "bob", part="Ledger")
    assert "2 answers to PACS given up:</span> too &lt;large&gt;" in said(app)
    assert [button.label for button in app.button] == ["Send all 2 again", "Send again"]
    app.button(key="again-0").click().run()
    assert [button.label for button in app.button] == ["Send again"]
    states = [each.state for each in deliveries.newest(db, 3)]
    assert states == [DeliveryState.QUEUED, DeliveryState.QUEUED, DeliveryState.DEAD]


def test_a_page_that_counts_today_says_nothing_of_yesterday(show, said, db, image):
    db.execute("UPDATE arrivals SET received_at = ?", (clock.ago(days=2),))
    assert "Nothing came in today" in said(show("pacs", "bob"))


@pytest.mark.parametrize("part", ["Traffic", "Ledger", "Quarantine", "Senders", "Archives", "Destinations", "Rules"])
def test_no_part_of_the_page_tells_who_somebody_is(show, said, db, image, part):
    destinations.add_rule(db, Rule(1, (Answer.REPORT,)))
    app = show("pacs", "bob", part=part)
    assert not app.exception
    assert "patient-1" not in said(app) + "".join(frame.value.to_csv() for frame in app.dataframe)


@pytest.mark.parametrize("proof", list(Proof))
def test_every_proof_is_said(show, said, db, proof):
    add_destination(db, proof=proof)
    assert {"commitment": "by storage commitment", "query": "by a query", "none": "without a proof"}[proof] in said(
        show("pacs", "bob", part="Destinations")
    )
