"""X-rays come in over STOW-RS at the app as it is started, from clients that others made."""

from io import BytesIO

import pytest
from dicomweb_client import DICOMwebClient
from pydicom import dcmread
from requests import HTTPError, Session

from cxr_core.store.db import opened, rows
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import connecting
from cxr_core.work.opening import open_home
from cxr_core.work.privacy import identity
from tests.browser.app import running_app
from tests.orthanc import running
from tests.pacs.web.films import CANARY, film
from tests.processes import wait_until

pytestmark = pytest.mark.alone


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """The app with its workers, whose site has a key."""
    folder = tmp_path_factory.mktemp("stow-app")
    open_home(folder / "home")
    identity.make_key(folder / "home", COMMAND_LINE, folder / "identity.key")
    with running_app(folder / "home", CXR_IDENTITY_KEY=str(folder / "identity.key"), CXR_FREE_MB="0") as app:
        yield app


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory):
    with running(tmp_path_factory.mktemp("orthanc-stow-app")) as archive:
        yield archive


def client_of(app, token):
    session = Session()
    session.headers["Authorization"] = f"Bearer {token}"
    return DICOMwebClient(f"{app.url}/dicom-web", session=session)


def has_come(app, name, count):
    """Wait until the worker has taken in so many X-rays of a sender."""
    with opened(app.home) as db:
        wait_until(lambda: len(images_of(db, name)) == count)


def images_of(db, name):
    sql = "SELECT a.image FROM arrivals a JOIN senders s ON s.id = a.sender WHERE s.name = ? AND a.image NOT NULL"
    return rows(db, sql, (name,))


def test_a_client_of_others_sends_and_is_told_so(app):
    token = connecting.add_sender(app.home, COMMAND_LINE, "client", "127.0.0.1")
    films = [dcmread(BytesIO(film(number, rows=400))) for number in (1, 2)]
    said = client_of(app, token).store_instances(films)
    assert {each.ReferencedSOPInstanceUID for each in said.ReferencedSOPSequence} == {
        film.SOPInstanceUID for film in films
    }
    has_come(app, "client", 2)
    assert not any(CANARY.encode() in path.read_bytes() for path in app.home.rglob("*") if path.is_file())


def test_a_client_of_others_without_the_right_token_is_turned_away(app):
    with pytest.raises(HTTPError, match="401"):
        client_of(app, "wrong").store_instances([dcmread(BytesIO(film(3)))])


def test_an_archive_of_others_sends(app, orthanc):
    token = connecting.add_sender(app.home, COMMAND_LINE, "archive", "127.0.0.1")
    ids = [orthanc.upload(film(number, rows=2000)) for number in (4, 5, 6)]
    server = {"Url": f"{app.url}/dicom-web/", "HttpHeaders": {"Authorization": f"Bearer {token}"}}
    orthanc.rest("/dicom-web/servers/us", "PUT", json=server)
    body = {"Resources": ids, "Synchronous": True}
    orthanc.rest("/dicom-web/servers/us/stow", "POST", json=body)
    has_come(app, "archive", 3)
