"""Commands about accounts."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from cxr_core.commands.output import result, say
from cxr_core.records import Role, User
from cxr_core.settings import Settings
from cxr_core.store.migrations import check
from cxr_core.work import people
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.opening import open_home


def _role_called(word: str) -> Role:
    return next(role for role in Role if role.in_one_word == word)


def run_add(settings: Settings, options: argparse.Namespace) -> int:
    """A new account; the password is asked for, or read as a line from standard input."""
    open_home(settings.home)
    password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    user = people.add_user(settings.home, COMMAND_LINE, options.name, _role_called(options.role), password)
    result({"name": user.name, "role": user.role})
    return 0


def run_list(settings: Settings, options: argparse.Namespace) -> int:
    """Everybody, a JSON line each."""
    check(settings.home)
    for each in people.everybody(settings, COMMAND_LINE):
        account = each.account
        result({"name": account.name, "role": account.role, "disabled_at": account.disabled_at,
                "signed_in_at": account.signed_in_at, "sessions": each.sessions,
                "locked_until": each.locked_until and each.locked_until.isoformat(),
                "must_change": account.must_change, "subject": account.subject})  # fmt: skip
    return 0


def run_role(settings: Settings, options: argparse.Namespace) -> int:
    """Give somebody another role."""
    role = _role_called(options.role)
    return _change(partial(people.change_role, role=role), settings, options, role=role)


def run_disable(settings: Settings, options: argparse.Namespace) -> int:
    """Let somebody sign in no more, and sign them out."""
    return _change(people.disable, settings, options, disabled=True)


def run_enable(settings: Settings, options: argparse.Namespace) -> int:
    """Let somebody sign in again."""
    return _change(people.enable, settings, options, disabled=False)


def run_unlock(settings: Settings, options: argparse.Namespace) -> int:
    """Let somebody try again at once who has mistyped too often."""
    return _change(people.unlock, settings, options, locked=False)


def _change(
    change: Callable[[Path, User, str], None], settings: Settings, options: argparse.Namespace, **now: object
) -> int:
    """Change the account that is named, and print how it is `now`."""
    check(settings.home)
    change(settings.home, COMMAND_LINE, options.name)
    result({"name": options.name, **now})
    return 0


def run_reset(settings: Settings, options: argparse.Namespace) -> int:
    """Give somebody a new first password, and print it."""
    check(settings.home)
    given = people.reset_password(settings.home, COMMAND_LINE, options.name)
    say("it opens nothing but the choice of another, and is kept nowhere")
    result({"name": options.name, "password": given})
    return 0
