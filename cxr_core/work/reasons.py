"""What is decided on models is kept with its reason, so there must be one."""

from __future__ import annotations

from cxr_core.errors import BadInput


def given(reason: str) -> str:
    """The reason without the blanks around it. Raises BadInput for an empty one."""
    if not reason.strip():
        raise BadInput("say why, in a sentence: decisions on models are kept with their reasons")
    return reason.strip()
