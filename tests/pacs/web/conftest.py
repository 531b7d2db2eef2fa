"""What the tests of DICOMweb share."""

import pytest

from tests.orthanc import running


@pytest.fixture(scope="session")
def orthanc(tmp_path_factory):
    """An archive that others made; tests that count what it holds empty it first."""
    with running(tmp_path_factory.mktemp("orthanc-web")) as archive:
        yield archive
