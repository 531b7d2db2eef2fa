#!/bin/sh
# Installs the program under every supported Python that is at hand, and runs the quick tests there.
set -eu
cd "$(dirname "$0")/.."
for version in 3.11 3.12 3.13; do
    if ! command -v "python$version" >/dev/null; then
        echo "python$version is not at hand" >&2
        continue
    fi
    "python$version" -m venv "build/python$version"
    "build/python$version/bin/python" -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
    "build/python$version/bin/python" -m pytest -q tests/dicom tests/drift tests/store tests/model
done
