"""What changes something, or gives something away, asks who is there."""

from dataclasses import replace

import pytest

from cxr_core.errors import NotAllowed
from cxr_core.records import Role
from cxr_core.work import requests, retraining, reviewing
from cxr_core.work.planning import Options
from tests.work.sites import add_user, new_home

NOBODY = "visitor"


@pytest.fixture
def settings(tmp_path):
    return new_home(tmp_path)


@pytest.mark.parametrize(
    "use",
    [
        lambda settings, user: retraining.preview(settings, user, Options()),
        lambda settings, user: retraining.start(settings, user, Options()),
        lambda settings, user: retraining.cancel(settings.home, user, 1),
        lambda settings, user: retraining.promote(settings.home, user, "a model", "because"),
        lambda settings, user: retraining.refuse(settings.home, user, "a model", "because"),
        lambda settings, user: retraining.roll_back(settings.home, user, "a model", "because"),
    ],
)
def test_a_radiologist_does_not_retrain(settings, use):
    with pytest.raises(NotAllowed):
        use(settings, add_user(settings, Role.RADIOLOGIST))


@pytest.mark.parametrize(
    "use",
    [
        lambda settings, user: reviewing.history_csv(settings.home, user),
        lambda settings, user: requests.take_in(settings, user, []),
    ],
)
def test_somebody_without_a_role_exports_and_sends_nothing(settings, use):
    with pytest.raises(NotAllowed):
        use(settings, replace(add_user(settings), role=NOBODY))
