"""Admins see on every page that backups have ended or fail."""

from datetime import timedelta

import pytest

from cxr_core import clock
from cxr_core.store.db import opened
from cxr_core.ui.old_backup import said
from cxr_core.work.keeping import last_backup
from cxr_core.work.keeping.last_backup import LastBackup


@pytest.mark.parametrize(("who", "is_told"), [("bob", True), ("ann", False)])
def test_a_backup_that_failed_is_told_to_admins_alone(home, banner, who, is_told):
    last_backup.note_failed(home, "no room on <disk>")
    app = banner("old_backup", who)
    assert not app.exception
    assert ["failed: no room on &lt;disk&gt;." in each.body for each in app.get("html")] == [True] * is_told


def test_an_old_one_is_told_and_a_fresh_one_or_none_is_not(home):
    with opened(home) as db:
        assert said(last_backup.read(db)) == ""
    assert said(LastBackup(made_at=clock.ago(hours=25))) == ""
    assert "3 d old" in said(LastBackup(made_at=clock.stamp(clock.now() - timedelta(days=3))))
