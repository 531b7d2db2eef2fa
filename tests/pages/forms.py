"""The read form, as tests press it."""

from __future__ import annotations

from typing import Any

from streamlit.testing.v1 import AppTest


def record(app: AppTest) -> Any:
    """The button that records a read of the case that is shown."""
    return next(button for button in app.button if button.key and button.key.startswith("record-"))


def field(app: AppTest, label: str) -> Any:
    """The text field with this label."""
    return next(each for each in app.text_input if each.label == label)
