"""Accounts that the hospital's own sign-in vouches for: who they are, and their role, is what it says of them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

from sqlite_utils import Database

from cxr_core.records import Role, User
from cxr_core.settings import Settings
from cxr_core.store import audit, users
from cxr_core.store.db import opened, transaction
from cxr_core.store.users import HOSPITAL, LONGEST_NAME, SENDER, Account
from cxr_core.work import accounts

LONGEST_SUBJECT = 1024
_NAMES = ("preferred_username", "email", "name")

Said = Mapping[str, Any]
"""The claims of an ID token (OpenID Connect Core, 2), whose signature, issuer, nonce and times were checked."""


@dataclass(frozen=True)
class Admitted:
    """What became of somebody whom the hospital vouches for."""

    token: str | None = None
    """Of the session that was opened."""
    refused: str = ""
    """Why none was, in words for them."""


def sign_in(settings: Settings, said: Said) -> Admitted:
    """Open a session for whom the hospital vouches; their account is made the first time.

    A role that has changed there changes here, and ends their other sessions.
    """
    subject, role = _subject(said), role_of(settings, said)
    with opened(settings.home) as db, transaction(db):
        known = users.known_as(db, subject)
        if not _is_for(settings, said) or len(subject) > LONGEST_SUBJECT:
            return _turned_away(db, None, "what the hospital's sign-in answered isn't meant for this program")
        if role is None:
            return _turned_away(db, known, f"the hospital's sign-in gives you no role here: {_wanted(settings)}")
        if known and known.disabled_at:
            return _turned_away(db, known, "your account here is disabled: ask an admin")
        if role is not Role.ADMIN and not users.any_user(db):
            return _turned_away(db, None, "nobody has an account here yet, and the first is an admin's")
        account = _with_role(db, known, role) if known else _made(db, said, subject, role)
        return Admitted(accounts.begin(db, settings, account, "hospital"))


def refuse(settings: Settings) -> None:
    """Note that the hospital's sign-in led back here and vouched for nobody; what it says of why isn't kept."""
    with opened(settings.home) as db, transaction(db):
        _turned_away(db, None, "the hospital's sign-in gave no answer that holds")


def _is_for(settings: Settings, said: Said) -> bool:
    """OpenID Connect Core, 3.1.3.7: an answer names who it is for, which Authlib leaves to others if `azp` is there."""
    named = said.get("aud")
    who = [said.get("iss"), said.get("sub")]
    meant = named if isinstance(named, list) else [named]
    return settings.oidc_client in meant and all(isinstance(each, str) and each for each in who)


def _subject(said: Said) -> str:
    """A subject is one's own only beside who issued it (OpenID Connect Core, 5.7); an issuer has no blank."""
    return f"{said.get('iss')} {said.get('sub')}"


def _wanted(settings: Settings) -> str:
    groups = ", ".join(group for group, _ in settings.oidc_roles)
    return f"{settings.oidc_roles_claim} has none of {groups}. Ask whoever looks after the hospital's accounts"


def _turned_away(db: Database, known: Account | None, why: str) -> Admitted:
    """Within the caller's transaction. What sessions they have are over: they'd get none now."""
    name = known.name if known else ""
    if known:
        accounts.end_sessions(db, known.id)
    audit.record(db, name or "somebody", "refused sign in", name, way="hospital", why=why)
    return Admitted(refused=why)


def _with_role(db: Database, known: Account, role: Role) -> Account:
    if known.role is not role:
        users.set_role(db, known.id, role)
        accounts.end_sessions(db, known.id)
        audit.record(db, HOSPITAL, "change role", known.name, role=role.value, before=known.role.value)
    return users.account(db, known.name)


def _made(db: Database, said: Said, subject: str, role: Role) -> Account:
    user = users.add_known(db, _free_name(db, said), role, subject, by=HOSPITAL)
    return users.account(db, user.name)


def _free_name(db: Database, said: Said) -> str:
    """What the hospital calls them, or that and a number: a name here is one account's for ever."""
    names = (_shown(said.get(name)) for name in _NAMES)
    fitting = (name for name in names if name and not name.casefold().startswith(SENDER))
    wanted = next(fitting, "somebody from the hospital")
    numbered = (f"{wanted} {number}" for number in count(2))
    return next(name for name in chain([wanted], numbered) if _is_free(db, name))


def _is_free(db: Database, name: str) -> bool:
    return not users.is_of_the_program(name) and users.named(db, name) is None


def _shown(name: Any) -> str:
    """A name without what doesn't show, so that nobody can look like somebody else."""
    text = unicodedata.normalize("NFKC", name) if isinstance(name, str) else ""
    seen = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(seen.split())[: LONGEST_NAME - 5].strip()


def is_vouched_for(settings: Settings, user: User) -> bool:
    """Whether an account is one that the hospital's sign-in stands for, and still does."""
    with opened(settings.home) as db:
        return bool(settings.oidc_url and users.account(db, user.name).subject)


def role_of(settings: Settings, said: Said) -> Role | None:
    """The role that the hospital's claim stands for: the first of the site's list that fits."""
    found = _values(said, settings.oidc_roles_claim)
    return next((role for group, role in settings.oidc_roles if group in found), None)


def _values(said: Said, claim: str) -> list[str]:
    """A claim's texts; its name as it stands comes first, for some have dots in it."""
    found: Any = said.get(claim)
    if found is None:
        found = said
        for step in claim.split("."):
            found = found.get(step) if isinstance(found, Mapping) else None
    values = found if isinstance(found, list) else [found]
    return [each for each in values if isinstance(each, str)]
