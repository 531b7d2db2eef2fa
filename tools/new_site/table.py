"""The tables of a new site for docs/retraining.md, made from docs/new_site.jsonl."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cxr_core.errors import CxrError
from tools.new_site.rows import ROWS, TRIED

RESULTS = Path(__file__).parents[2] / "docs" / "new_site.jsonl"
SITES = ("new", "old")


def results(path: Path) -> list[dict[str, Any]]:
    """The result of every row with each of its seeds, in the order of the rows.

    Raises CxrError if one is missing, or was found with other options than the row has now.
    """
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    found = {(each["row"], each["seed"]): each for each in map(json.loads, lines)}
    if missing := [f"{name}, seed {seed}" for name, seed in TRIED if (name, seed) not in found]:
        raise CxrError(f"{path}: no result of {'; '.join(missing)}: run `make new-site`")
    for name, seed in TRIED:
        if found[name, seed]["options"] != json.loads(json.dumps(asdict(ROWS[name]))):
            raise CxrError(f"{path}: row {name!r} has other options now: remove its lines and run `make new-site`")
    return [found[each] for each in TRIED]


def gained(found: list[dict[str, Any]]) -> str:
    """Markdown: what each retrain learnt from, the AUC at both sites, what changed, and what the gate said."""
    interval = "change (95 % interval)"
    names = ("", "retrain", "learnt from", "new site: AUC", interval, "old site: AUC", interval, "the gate")
    return _table(names, [(str(number), *_gained(each)) for number, each in enumerate(found, 1)])


def _gained(found: dict[str, Any]) -> tuple[str, ...]:
    learnt = ", ".join(f"{number} {origin}" for origin, number in found["learnt"].items())
    verdict = "passed" if found["gate"]["passed"] else "; ".join(found["gate"]["reasons"])
    return _named(found), learnt, *(cell for site in SITES for cell in _changed(found[site])), verdict


def _changed(site: dict[str, Any]) -> tuple[str, str]:
    low, high = site["change_ci95"]
    return _both(site, "auc"), f"{site['change']:+z.3f} ({low:+z.3f} to {high:+z.3f})"


def answers(found: list[dict[str, Any]]) -> str:
    """Markdown: how often forced answers are right at both sites, before and after."""
    measures = ("sensitivity", "specificity", "ece")
    names = ("", "retrain", *(f"{site} site: {name}" for site in SITES for name in measures))
    rows = [
        (str(number), _named(each), *(_both(each[site], name) for site in SITES for name in measures))
        for number, each in enumerate(found, 1)
    ]
    return _table(names, rows)


def reads(found: list[dict[str, Any]]) -> str:
    """What readers had to say to the release's answers, and who was judged, in two sentences."""
    said = ", ".join(f"{number} {what}" for what, number in sorted(found[0]["reads"].items()))
    new, old = (found[0][site] for site in SITES)
    return (
        f"Of {sum(found[0]['reads'].values())} X-rays that were sent in: {said}.\n"
        f"Judged on {new['images']} X-rays of {new['patients']} patients of the new site whom nobody read, and on\n"
        f"{old['images']} X-rays of the old site's {old['patients']} locked patients."
    )


def _named(found: dict[str, Any]) -> str:
    return f"{found['row']}, draw {found['seed'] + 1}"


def _both(site: dict[str, Any], name: str) -> str:
    return f"{site['before'][name]:.3f} → {site['after'][name]:.3f}"


def _table(names: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in (names, ("---",) * len(names), *rows))
