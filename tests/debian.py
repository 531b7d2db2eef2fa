"""Programs from Debian packages that some tests need."""

import os
import shutil

import pytest


def program(name, package):
    """Where the program is; without it a failure where everything is required, else a skip that says so."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        (pytest.fail if os.environ.get("CXR_REQUIRE_ALL") == "1" else pytest.skip)(
            f"{name} is missing: apt-get install {package}"
        )
    return found
