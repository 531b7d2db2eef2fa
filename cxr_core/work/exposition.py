"""Metrics as text for Prometheus: exposition format 0.0.4."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Sample = tuple[Mapping[str, str], float]


def family(name: str, kind: str, words: str, samples: Iterable[Sample]) -> str:
    """All samples of one metric with what it is; nothing where there is none."""
    lines = [f"{name}{_labels(labels)} {float(value):.12g}\n" for labels, value in samples]
    return f"# HELP {name} {words}\n# TYPE {name} {kind}\n{''.join(lines)}" if lines else ""


def _labels(labels: Mapping[str, str]) -> str:
    inner = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{inner}}}" if inner else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
