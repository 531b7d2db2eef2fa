"""What the tests of several rooms share."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture(scope="session")
def shipped():
    """The program's release, loaded once; tests must not change it."""
    import torch

    from cxr_core.model import predict, release

    torch.set_num_threads(1)
    return predict.load_file(release.WEIGHTS)


@pytest.fixture(scope="module")
def one_thread():
    """For tests that train: several threads add sums up in another order, and only get in each other's way."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def main_module_stays():
    """Streamlit's AppTest leaves its page in the place of `__main__`, which processes spawned later would run."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """Settings of a home with the demo in it, made once by the command; tests that change it copy it."""
    from cxr_core.settings import Settings
    from tests.processes import command

    settings = Settings(home=tmp_path_factory.mktemp("demo") / "home", threads=1)
    made = command(settings, "demo", patience=900)
    assert made.returncode == 0, made.stderr
    return settings
