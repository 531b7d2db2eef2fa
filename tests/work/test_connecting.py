"""What an admin says of the network is checked before it is kept, and each change is on record."""

import pytest

from cxr_core.errors import BadInput, Conflict, NotAllowed, NotFound, SettingsError
from cxr_core.records import Answer, DeliveryState, Label, Proof, Release, Role, User
from cxr_core.store import audit, deliveries, destinations, predictions, senders
from cxr_core.store.db import opened
from cxr_core.store.destinations import Rule
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import connecting
from cxr_core.work.hospital.connecting import WebAddress
from tests.store.exchanged import add_arrival, add_delivery, add_destination, add_sender, delivery
from tests.store.rows import add_image, opinion
from tests.work.sites import new_home


@pytest.fixture
def home(tmp_path):
    return new_home(tmp_path).home


def actions(home):
    with opened(home) as db:
        assert audit.verify(db)
        return [row[0] for row in db.execute("SELECT action FROM audit ORDER BY id")]


def test_one_that_calls_gets_no_token_and_one_that_posts_gets_one_that_is_kept_nowhere(home):
    assert connecting.add_sender(home, COMMAND_LINE, "Router", "10.1.0.0/16", "ROUTER") is None
    token = connecting.add_sender(home, COMMAND_LINE, "Web", "10.1.2.3")
    with opened(home) as db:
        assert senders.with_token(db, token).name == "Web"
        assert token not in "\n".join(db.conn.iterdump())
    assert [sender.network for sender in connecting.all_senders(home, COMMAND_LINE)] == ["10.1.0.0/16", "10.1.2.3/32"]
    assert actions(home)[-2:] == ["let send", "let send"]


@pytest.mark.parametrize(("wrong", "says"), [
    ({"name": " "}, "a name has 1 to 64"), ({"name": "x" * 65}, "a name has 1 to 64"), ({"name": "a\nb"}, "printable"),
    ({"network": "10.1.2"}, "no address or network: say one like"), ({"network": "10.1.0.0/99"}, "no address"),
    ({"calling": "A\\B"}, "is no AE title"), ({"calling": "x" * 17}, "is no AE title"),
    ({"certificate": "abc"}, "64 hex digits"),
    ({"certificate": "ab" * 32, "calling": None}, "by an AE title: say the title, too"),
    ({"certificate": "ab" * 32, "calling": ""}, "by an AE title: say the title, too"),
])  # fmt: skip
def test_a_sender_that_can_not_be_is_refused_with_the_remedy(home, wrong, says):
    right = {"name": "Router", "network": "10.1.0.0/16", "calling": "ROUTER"}
    with pytest.raises(BadInput, match=says):
        connecting.add_sender(home, COMMAND_LINE, **{**right, **wrong})
    assert connecting.all_senders(home, COMMAND_LINE) == []


def test_a_certificate_is_known_however_its_digits_are_written(home):
    connecting.add_sender(home, COMMAND_LINE, "R", "10.1.2.3", "R", ":".join(["AB"] * 32))
    assert connecting.all_senders(home, COMMAND_LINE)[0].certificate == "ab" * 32


def test_a_destination_is_named_as_people_write_it(home):
    connecting.add_dicom(home, COMMAND_LINE, "PACS", "MY PACS@pacs.hospital:104", True, Proof.COMMITMENT)
    (found,) = connecting.all_destinations(home, COMMAND_LINE)
    assert found.address == {"called": "MY PACS", "host": "pacs.hospital", "port": 104, "tls": True}
    with pytest.raises(Conflict, match="take another name"):
        connecting.add_dicom(home, COMMAND_LINE, "pacs", "A@b:104", False, Proof.NONE)


@pytest.mark.parametrize("address", ["pacs.hospital:104", "A@b", "A@b:0", "A@b:70000", "A@b c:104", ""])
def test_an_address_that_can_not_be_is_refused(home, address):
    with pytest.raises(BadInput, match="say AE@host:port"):
        connecting.add_dicom(home, COMMAND_LINE, "PACS", address, False, Proof.QUERY)


def test_a_web_destination_keeps_what_its_secrets_file_is_called(home):
    web = WebAddress("https://pacs.hospital/dicom-web/", "app", " pacs-password ")
    connecting.add_stow(home, COMMAND_LINE, "Web", web, Proof.QUERY)
    (found,) = connecting.all_destinations(home, COMMAND_LINE)
    assert found.address["url"] == "https://pacs.hospital/dicom-web"
    assert found.address["password_file"] == "pacs-password"


@pytest.mark.parametrize(("web", "proof"), [
    (WebAddress("ftp://pacs.hospital"), Proof.QUERY), (WebAddress("http://pacs.hospital/web"), Proof.QUERY),
    (WebAddress("https://user:word@pacs.hospital"), Proof.QUERY),
    (WebAddress("https://pacs.hospital"), Proof.COMMITMENT),
    (WebAddress("https://pacs.hospital", "user without password"), Proof.QUERY),
    *((WebAddress("https://pacs.hospital", "app", path), Proof.QUERY)
      for path in ("/etc/cxr/password", "../identity.key", "a/b", "a\\b", "..", "a\0b", "a" * 101)),
    (WebAddress("https://pacs.hospital", token_file="/etc/cxr/token"), Proof.QUERY),
])  # fmt: skip
def test_a_web_destination_that_can_not_be_is_refused(home, web, proof):
    with pytest.raises((BadInput, SettingsError)):
        connecting.add_stow(home, COMMAND_LINE, "Web", web, proof)
    assert connecting.all_destinations(home, COMMAND_LINE) == []


def test_a_destination_that_moves_keeps_its_name_its_rules_and_what_waits(home):
    with opened(home) as db:
        pacs = add_destination(db)
        number = add_delivery(db, add_arrival(db, add_sender(db)), pacs, model=None).id
        destinations.rest(db, pacs, "2999")
    connecting.add_rule(home, COMMAND_LINE, Rule(pacs, (Answer.REPORT,)))
    connecting.change_dicom(home, COMMAND_LINE, "PACS", "NEW@new.hospital:105", True, Proof.COMMITMENT)
    (found,) = connecting.all_destinations(home, COMMAND_LINE)
    assert (found.id, found.proof) == (pacs, Proof.COMMITMENT)
    assert found.address == {"called": "NEW", "host": "new.hospital", "port": 105, "tls": True}
    connecting.change_stow(home, COMMAND_LINE, "PACS", WebAddress("https://new.hospital/dicom-web"), Proof.QUERY)
    (found,) = connecting.all_destinations(home, COMMAND_LINE)
    assert (found.kind, found.address["url"]) == ("stow", "https://new.hospital/dicom-web")
    assert len(connecting.all_rules(home, COMMAND_LINE)) == 1
    with opened(home) as db:
        assert deliveries.due(db) == [pacs] and delivery(db, number).state is DeliveryState.QUEUED
    assert actions(home)[-2:] == ["change destination"] * 2


@pytest.mark.parametrize(("change", "wrong"), [
    (lambda home: connecting.change_dicom(home, COMMAND_LINE, "PACS", "A@b:0", False, Proof.QUERY), BadInput),
    (lambda home: connecting.change_dicom(home, COMMAND_LINE, "Other", "A@b:104", False, Proof.QUERY), NotFound),
    (lambda home: connecting.change_stow(home, COMMAND_LINE, "PACS", WebAddress("http://b"), Proof.QUERY),
     SettingsError),
    (lambda home: connecting.change_stow(home, COMMAND_LINE, "PACS", WebAddress("https://b"), Proof.COMMITMENT),
     BadInput),
])  # fmt: skip
def test_a_destination_moves_nowhere_where_it_can_not_be(home, change, wrong):
    with opened(home) as db:
        add_destination(db)
    (before,) = connecting.all_destinations(home, COMMAND_LINE)
    with pytest.raises(wrong):
        change(home)
    assert connecting.all_destinations(home, COMMAND_LINE) == [before]


def test_with_a_destination_its_rules_go(home):
    with opened(home) as db:
        pacs = add_destination(db)
    connecting.add_rule(home, COMMAND_LINE, Rule(pacs, (Answer.REPORT,), label=Label.PNEUMONIA, hours=(18, 7)))
    (rule,) = connecting.all_rules(home, COMMAND_LINE)
    assert (rule.answers, rule.release, rule.label, rule.hours) == (
        (Answer.REPORT,), Release.AS_READ, Label.PNEUMONIA, (18, 7),
    )  # fmt: skip
    connecting.remove_destination(home, COMMAND_LINE, "PACS")
    assert connecting.all_rules(home, COMMAND_LINE) == [] == connecting.all_destinations(home, COMMAND_LINE)


def test_a_rule_that_sends_nothing_is_none(home):
    with opened(home) as db:
        pacs = add_destination(db)
    with pytest.raises(BadInput, match="at least one kind"):
        connecting.add_rule(home, COMMAND_LINE, Rule(pacs, ()))
    with pytest.raises(NotFound):
        connecting.remove_rule(home, COMMAND_LINE, 99)


def test_a_destination_is_held_for_a_reason_and_goes_on(home):
    with opened(home) as db:
        add_destination(db)
    with pytest.raises(BadInput, match="say why"):
        connecting.hold(home, COMMAND_LINE, "PACS", " ")
    connecting.hold(home, COMMAND_LINE, "PACS", "the archive is being moved")
    assert connecting.all_destinations(home, COMMAND_LINE)[0].held_because == "the archive is being moved"
    connecting.go_on(home, COMMAND_LINE, "PACS")
    assert connecting.all_destinations(home, COMMAND_LINE)[0].held_at is None


def test_a_dry_run_says_what_a_rule_would_have_done_and_does_nothing(home):
    with opened(home) as db:
        model = db.execute("SELECT model FROM decisions").fetchone()[0]
        sender, pacs = add_sender(db), add_destination(db)
        for number, label in enumerate((Label.PNEUMONIA, Label.NORMAL, Label.PNEUMONIA), 1):
            image = add_image(db, number)
            predictions.add(db, image, model, opinion(label=label))
            add_arrival(db, sender, number, image=image)
        db.execute("UPDATE images SET mode = 'blinded' WHERE id = ?", (image,))
    rule = Rule(pacs, (Answer.CAPTURE, Answer.PRESENTATION), label=Label.PNEUMONIA)
    found = connecting.dry_run(home, COMMAND_LINE, rule, days=1)
    assert (found.came, found.fitted, found.leaves, found.waits) == (
        3, 2, {Answer.CAPTURE: 1, Answer.PRESENTATION: 1}, 1,
    )  # fmt: skip
    assert connecting.all_rules(home, COMMAND_LINE) == [] == connecting.ledger(home, COMMAND_LINE)


@pytest.mark.parametrize("days", [-1, 0, 10**12])
def test_a_dry_run_over_days_that_can_not_be_is_refused(home, days):
    with opened(home) as db:
        rule = Rule(add_destination(db), (Answer.REPORT,))
    with pytest.raises(BadInput, match="the last 1 to 36500 days"):
        connecting.dry_run(home, COMMAND_LINE, rule, days)


def test_dead_deliveries_are_sent_again_when_an_admin_says_so(home):
    with opened(home) as db:
        arrival, pacs = add_arrival(db, add_sender(db)), add_destination(db)
        delivery = add_delivery(db, arrival, pacs, model=None)
        deliveries.dead(db, delivery, "refused")
    assert connecting.send_again(home, COMMAND_LINE, [delivery.id]) == 1
    assert connecting.ledger(home, COMMAND_LINE)[0].state is DeliveryState.QUEUED


def test_only_admins_connect_the_hospital(home):
    ann = User(1, "ann", Role.RADIOLOGIST)
    for use in (connecting.all_senders, connecting.all_destinations, connecting.all_rules, connecting.ledger):
        with pytest.raises(NotAllowed):
            use(home, ann)
