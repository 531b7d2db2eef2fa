"""A file is not called damaged where it is the process that has too little memory for it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit, JPEGLSLossless, RLELossless

from tests.dicom.films import compressed, dataset, encapsulated, picture

ROOT = Path(__file__).parents[2]
READ = """
import sys
from pathlib import Path
from cxr_core.dicom import decoders, pictures
from cxr_core.dicom.reading import read
from cxr_core.records import MEGABYTE
from cxr_core.work import bounds
taken = [line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmData")]
data = Path(sys.argv[1]).read_bytes()
bounds.hold_memory(int(taken[0]) * 1024 // MEGABYTE + int(sys.argv[2]))
try:
    read(data)
except MemoryError:
    print("too little memory")
else:
    print("read")
"""
y, x = np.mgrid[0:3000, 0:3000]
DEEP = (x + y).astype(np.uint16)
SHALLOW = (DEEP // 24).astype(np.uint8)
FILES = {
    "PNG": lambda: picture(DEEP),
    "JPEG": lambda: picture(SHALLOW, "JPEG"),
    "JPEG in DICOM": lambda: encapsulated(SHALLOW, picture(SHALLOW, "JPEG"), JPEGBaseline8Bit),
    "JPEG 2000": lambda: compressed(dataset(DEEP, 16), JPEG2000Lossless),
    "JPEG-LS": lambda: compressed(dataset(DEEP, 16), JPEGLSLossless),
    "RLE": lambda: compressed(dataset(DEEP, 16), RLELossless),
}


@pytest.mark.parametrize("kind", FILES)
def test_too_little_memory_is_called_that(tmp_path, kind):
    file = tmp_path / "film"
    file.write_bytes(FILES[kind]())
    for megabytes, told in ((4, "too little memory"), (2000, "read")):
        line = [sys.executable, "-W", "ignore", "-c", READ, str(file), str(megabytes)]
        found = subprocess.run(line, capture_output=True, text=True, cwd=ROOT)
        assert found.stdout.strip() == told, found.stderr
