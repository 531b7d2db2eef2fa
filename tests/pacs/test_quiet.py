"""The libraries of the network tell nobody what they read."""

import subprocess
import sys

READING = """
import logging
logging.basicConfig(level=logging.DEBUG)
import cxr_core.pacs.wire
from pydicom.dataset import Dataset
Dataset().SOPInstanceUID = "1.02.PATIENT^NAME"
logging.getLogger("pynetdicom.dimse").error("PATIENT^NAME")
logging.getLogger("cxr_core.pacs").error("this is said")
"""


def test_a_value_that_a_library_complains_of_is_in_no_log():
    done = subprocess.run([sys.executable, "-c", READING], capture_output=True, text=True, check=True)
    assert "this is said" in done.stderr
    assert "PATIENT" not in done.stderr + done.stdout
