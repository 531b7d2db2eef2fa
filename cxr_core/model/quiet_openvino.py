"""OpenVINO, kept from phoning home: import it from here, and nowhere else.

At its import and at every conversion, OpenVINO's Python part tells a web-analytics host about it through the package
openvino_telemetry, from a process of its own, unless a file in the user's home folder says no. Where that package
can't be imported, OpenVINO takes an empty one of its own instead. So it is made impossible to import, before
OpenVINO is, whatever the user's home folder says. OpenVINO's compiled part opens no connection.
"""

from __future__ import annotations

import sys

sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # Python's own way to forbid an import

import openvino  # noqa: E402
from openvino import frontend  # noqa: E402
from openvino.exceptions import OVError  # noqa: E402
from openvino.tools.ovc.error import BasicError  # noqa: E402

FAILURES = (
    AssertionError, BasicError, OVError, frontend.GeneralFailure, frontend.InitializationFailure,
    frontend.NotImplementedFailure, frontend.OpConversionFailure, frontend.OpValidationFailure,
)  # fmt: skip
"""What a conversion raises besides RuntimeError."""

__all__ = ["FAILURES", "openvino"]
