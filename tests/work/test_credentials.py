"""What signs in at an archive comes from the folder for that alone, whatever file an admin names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cxr_core.errors import SettingsError
from cxr_core.records import JobState, Proof
from cxr_core.store import destinations, secret, senders
from cxr_core.store.db import opened, transaction
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import archives, echoing, pulling
from cxr_core.work.hospital.credentials import file_called
from tests.pacs.web.servers import serving
from tests.work.asked import sealing_home
from tests.work.sites import job, run_errands, work_off


@pytest.fixture
def settings(tmp_path):
    """A home with its key, and a folder with two files that sign in."""
    found = sealing_home(tmp_path)
    for name in ("pacs", "other"):
        (found.secrets / name).write_text(f"word of {name}")
        (found.secrets / name).chmod(0o600)
    return found


def echoed(settings, url, file):
    """What came of an echo to a server, with the name of the file as it stands in the database."""
    address = {"url": url, "user": "u", "unencrypted": False, "password_file": str(file)}
    with opened(settings.home) as db, transaction(db):
        destinations.add(db, "Mine", "stow", address, Proof.QUERY)
    number = echoing.ask(settings.home, COMMAND_LINE, "Mine")
    work_off(settings)
    return job(settings, number)


def test_a_file_of_the_folder_signs_in(settings):
    with serving(lambda request: (200, {}, b"[]")) as server:
        assert echoed(settings, server.url, "pacs").state is JobState.DONE
    assert [request.headers["Authorization"] for request in server.got] == ["Basic dTp3b3JkIG9mIHBhY3M="]


def test_no_file_of_elsewhere_goes_to_whoever_names_it(settings):
    """Neither by a path that a page wrote to the database once, nor by a link out of the folder, nor by a copy."""
    key, site = settings.identity_key, settings.home / secret.FILE
    (settings.secrets / "link").symlink_to(key)
    (settings.secrets / "copy").write_bytes(key.read_bytes())
    (settings.secrets / "copy").chmod(0o600)
    for file in (key, site, "../identity.key", "link", "copy", ".", "/no/such/file"):
        with serving(lambda request: (200, {}, b"[]")) as server:
            found = echoed(settings, server.url, file)
            assert (found.state, server.got) == (JobState.FAILED, []), file
        with opened(settings.home) as db, transaction(db):
            destinations.remove(db, destinations.named(db, "Mine"))
        assert ("holds a key" if file == "copy" else "that CXR_SECRETS names") in found.error


def test_what_is_said_of_files_elsewhere_is_the_same_whether_they_are_there(settings, tmp_path):
    said = set()
    for file in (settings.identity_key, tmp_path / "nothing"):
        with pytest.raises(SettingsError) as caught:
            file_called(settings, str(file))
        said.add(str(caught.value))
    assert len(said) == 1


def test_a_whole_path_as_it_once_was_still_holds_where_the_folder_is_that_of_the_file(settings):
    assert file_called(settings, str(settings.secrets / "pacs")) == settings.secrets.resolve() / "pacs"


def test_a_folder_that_has_files_of_the_programs_own_gives_none_of_them(settings, tmp_path):
    for folder, name in ((tmp_path, "identity.key"), (settings.home, secret.FILE), (tmp_path, f"home/{secret.FILE}")):
        with pytest.raises(SettingsError, match="the program's own"):
            file_called(replace(settings, secrets=folder), name)


def test_without_the_setting_the_remedy_is_said(settings):
    unset = replace(settings, secrets=None)
    assert "CXR_SECRETS is not set for the process that signs in" in echoed(unset, "http://localhost:1/", "pacs").error
    with opened(settings.home) as db, transaction(db):
        found = destinations.named(db, "Mine")
    with pytest.raises(SettingsError, match="CXR_SECRETS is not set"):
        archives.archive_of(unset, found)


def test_an_archive_that_is_asked_with_a_file_of_elsewhere_says_so_and_stops_no_worker(settings):
    with opened(settings.home) as db, transaction(db):
        address = {"url": "http://localhost:1/", "user": "u", "password_file": str(settings.identity_key)}
        senders.add_source(db, "Old", address)
    asked = pulling.search(settings.home, COMMAND_LINE, "Old", pulling.Query())
    run_errands(settings)
    found = job(settings, asked.job)
    assert found.state is JobState.FAILED
    assert found.error.startswith("Old: the file with its password or token lies outside")
