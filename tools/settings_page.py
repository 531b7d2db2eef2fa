"""The settings by subject, from the fields of Settings and the text under each."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from cxr_core.errors import CxrError

SUBJECTS = {
    "The program": r"home|demo|runtime|threads|start_workers|base_data|(reading|learning)_.*",
    "The web": r"site_url|idle_minutes|max_upload_mb|trusted_proxy|oidc_.*|lock.*|session.*",
    "Pictures": r"patient_pattern",
    "The DICOM network": r"ae_title|listen_.*|tls_.*|identity_key|secrets|free_mb",
    "How long it is kept": r"keep_.*",
    "Telling of alarms": r"webhook_.*|mail_.*",
    "The audit log": r"anchor_.*|syslog.*",
    "Watching the service": r"log|metrics_.*",
}
OTHERS = "More"


def by_subject(names: list[str]) -> dict[str, list[str]]:
    """The names under their subjects, in the order of both; those that no subject claims come last."""
    found: dict[str, list[str]] = {subject: [] for subject in (*SUBJECTS, OTHERS)}
    for name in names:
        subject = next((subject for subject, of in SUBJECTS.items() if re.fullmatch(of, name)), OTHERS)
        found[subject].append(name)
    return {subject: each for subject, each in found.items() if each}


def documented(path: Path, name: str) -> Iterator[tuple[str, str]]:
    """The fields of the class of that name in a module, each with the text under it; raises CxrError where none is."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    fields = next(node for node in body if isinstance(node, ast.ClassDef) and node.name == name).body
    for field, text in pairwise([*fields, None]):
        if not isinstance(field, ast.AnnAssign):
            continue
        field_name = ast.unparse(field.target)
        if not isinstance(text, ast.Expr):
            raise CxrError(f"{name}.{field_name} has no sentence below it: write one, in {path}")
        yield field_name, " ".join(str(ast.literal_eval(text.value)).split())
