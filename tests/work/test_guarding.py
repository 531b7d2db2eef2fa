"""Every use case asks who is there; what doesn't is named here, with the reason."""

import importlib
import inspect
import pkgutil
import sqlite3
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from cxr_core import work
from cxr_core.errors import CxrError, NotAllowed
from cxr_core.records import Role, User
from cxr_core.settings import Settings
from cxr_core.work.guarding import READING_ROOM, open_to

BEFORE_ANYBODY = {
    "accounts.sign_in", "accounts.judge", "accounts.change_password", "accounts.user_of", "accounts.still_open",
    "accounts.sign_out", "accounts.nobody_yet", "accounts.shown_accounts", "people.first_code",
    "people.add_first_admin", "vouching.sign_in", "vouching.refuse", "vouching.role_of", "vouching.is_vouched_for",
    "opening.open_home", "opening.is_demo", "accounts.unlocked_since",
    "starting.ask_for_demo", "starting.demo_job", "starting.living_lanes",
    "health.alive", "health.readiness", "figures.figures",
}  # fmt: skip
"""The way in, which somebody without a session must find: it gives nothing of a patient."""
TOOLS = {
    "opening.aside", "last_backup.note_failed", "retaining.letting_go", "retaining.retaining", "room.measured",
    "room.require",
    "anchoring.tell", "anchoring.telling", "changed_settings.note", "cutting.cut_off", "cut_files.files_up_to",
    "sending.facts_of", "forwarding.forward",
    "forwarding.forwarding", "forwarding.collector_of",
    "alarming.look", "alarming.look_anew", "alarming.looking",
    "collecting.collecting", "collecting.due", "collecting.run", "fetching.note", "fetching.sender_of",
    "fetching.unknown", "fetching.wanted", "fetching.was_erased", "receiving.take",
    "archives.archive_of", "archives.own_tls", "archives.web_endpoint", "credentials.file_called",
    "fetching.endpoint_of",
    "change_plan.site_plan", "checkpoints.place", "checkpoints.remove",
    "composing.compose", "composing.name", "confirming.committed", "delivering.deliver_to", "delivering.delivering",
    "gathering.of_the_site", "gathering.of_training_set", "hailing.hail", "identity.require_key", "identity.unseal",
    "opening.secret_for", "picturing.catching_up", "receiving.is_known", "receiving.receive", "receiving.require_key",
    "receiving.sender_bearing", "receiving.sender_calling", "receiving.why_to_wait",
    "lineage.patient_named", "notifying.deliver", "notifying.delivering", "picturing.put", "pictures.place",
    "quickening.as_set", "quickening.for_files", "sending.by_mail", "sending.by_webhook",
    "spool.fetch", "spool.folder", "spool.patient_from_name", "spool.receive", "spool.remove",
    "spool.sweep", "sweeping.files_left", "sweeping.finish",
}  # fmt: skip
"""What use cases and the worker's jobs are made of; none gives a screen anything."""


def public_functions():
    """Name and function of whatever in work/ is done on a home."""
    for module in pkgutil.walk_packages(work.__path__, "cxr_core.work."):
        found = importlib.import_module(module.name)
        for name, function in inspect.getmembers(found, inspect.isfunction):
            here = function.__module__ == found.__name__ and not name.startswith("_")
            if here and next(iter(inspect.signature(function).parameters), "") in ("home", "settings"):
                yield f"{module.name.rpartition('.')[2]}.{name}", function


FUNCTIONS = dict(public_functions())
GUARDED = {name: function for name, function in FUNCTIONS.items() if hasattr(function, "open_to")}


def test_every_use_case_is_guarded_or_named_as_open():
    assert set(FUNCTIONS) - set(GUARDED) == BEFORE_ANYBODY | TOOLS
    assert len(GUARDED) > 25


TURNED_AWAY = [(name, role) for name, use in GUARDED.items() for role in (*Role, "visitor") if role not in use.open_to]


@pytest.mark.parametrize(("name", "role"), TURNED_AWAY)
def test_a_role_that_is_not_named_is_turned_away_before_anything_is_looked_at(tmp_path, name, role):
    use = GUARDED[name]
    user = replace(User(1, "eve", Role.RADIOLOGIST), role=role)
    place = {"home": tmp_path / "home", "settings": Settings(home=tmp_path / "home")}
    first, _, *others = inspect.signature(use).parameters
    with pytest.raises(NotAllowed):
        use(place[first], user, *(None for _ in others))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", GUARDED)
def test_a_role_that_is_named_is_let_through_to_whatever_comes_next(tmp_path, name):
    use = GUARDED[name]
    place = {"home": tmp_path / "home", "settings": Settings(home=tmp_path / "home")}
    first, _, *others = inspect.signature(use).parameters
    for role in use.open_to:
        with suppress(LookupError, TypeError, ValueError, AttributeError, AssertionError, OSError, sqlite3.Error):
            try:
                use(place[first], User(1, "eve", role), *(None for _ in others))
            except NotAllowed as error:
                pytest.fail(f"{role}: {error}")
            except CxrError:
                continue


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("retraining.promote", {Role.ADMIN}),
        ("recording.submit", {Role.RADIOLOGIST}),
        ("reviewing.case", set(READING_ROOM)),
        ("reviewing.counts", set(Role)),
    ],
)
def test_what_roles_are_for(name, allowed):
    assert set(GUARDED[name].open_to) == allowed


def test_the_refusal_names_who_may():
    @open_to(Role.ADMIN)
    def decide(home: Path, user: User) -> None: ...

    with pytest.raises(NotAllowed, match="only admin may do this; you are radiologist"):
        decide(Path(), User(1, "eve", Role.RADIOLOGIST))
