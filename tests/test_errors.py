"""Every error that people may see is in one tree, and the drawing of the tree is true."""

import inspect
import re

from cxr_core import errors
from cxr_core.errors import CxrError, RejectedFile

CLASSES = dict(inspect.getmembers(errors, inspect.isclass))


def test_the_drawing_names_every_error_and_no_other():
    assert set(re.findall(r"^(?:│   )?(?:[├└]── )?(\w+)  ", errors.__doc__, re.MULTILINE)) == set(CLASSES)


def test_every_error_has_the_one_root():
    assert all(issubclass(found, CxrError) for found in CLASSES.values())


def test_a_rejected_file_has_a_code_and_words():
    error = RejectedFile("blank", "The picture is blank.")
    assert (error.reason, str(error)) == ("blank", "The picture is blank.")
