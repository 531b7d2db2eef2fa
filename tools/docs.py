"""Keeps figures and tables in README.md and docs/ current: made from the card, the last bench and the experiments.

A made part lies between `<!-- made: NAME -->` and `<!-- end -->`. Write them with `python -m tools.docs`;
`--check` only says whether they are current, and the suite asks it.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cxr_core.errors import CxrError
from cxr_core.model import release
from cxr_core.settings import Settings
from cxr_core.ui.keys import KEYS
from cxr_core.work.auditing.actions import ACTIONS, Group
from cxr_core.work.models.change_plan import shipped
from tools import access, conformance, drift, metrics_table, profile
from tools.ablation import table as recipes
from tools.burned_in import table as burned_in
from tools.figures import FIGURES
from tools.gallery import COUNTS
from tools.new_site import table as sites
from tools.settings_page import by_subject, documented

ROOT = Path(__file__).parents[1]
BENCH, RESULTS, SIMULATION = (
    ROOT / "docs" / name for name in ("bench.jsonl", "ablation.jsonl", "retrain_simulation.jsonl")
)
GROUPS = [group.value for group in Group]
PART = re.compile(r"(<!-- made: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def figures() -> str:
    """The release's figures, in a sentence."""
    card = release.card()
    found, sides = card["metrics"], card["data"]["sides"]
    low, high = found["auc_ci95"]
    return (
        f"On {found['n']} locked images of {sides['locked']['patients']} patients it never saw: AUC {found['auc']:.3f} "
        f"(95 % interval {low:.3f} to {high:.3f}),\naccuracy {found['accuracy']:.3f}, sensitivity "
        f"{found['sensitivity']:.3f}, specificity {found['specificity']:.3f}; "
        f"{found['uncertain_rate']:.1%} of them are answered Uncertain."
    )


def sides() -> str:
    """Images and patients on each side."""
    rows = [
        (side, found["images"], found["patients"], found["normal"], found["pneumonia"])
        for side, found in release.card()["data"]["sides"].items()
    ]
    return table(("side", "images", "patients", "Normal", "Pneumonia"), rows)


def report() -> str:
    """The classification report and the confusion matrix on the locked patients."""
    found = release.card()["metrics"]
    rows = [
        (label, *(f"{found['report'][label][name]:.3f}" for name in ("precision", "recall", "f1-score")),
         int(found["report"][label]["support"]))
        for label in release.card()["labels"]
    ]  # fmt: skip
    (tn, fp), (fn, tp) = found["confusion"]
    matrix = table(("", "called Normal", "called Pneumonia"), [("Normal", tn, fp), ("Pneumonia", fn, tp)])
    return table(("class", "precision", "recall", "F1", "images"), rows) + "\n\n" + matrix


def reading() -> str:
    """How the card reads a logit."""
    found = release.card()["calibration"]
    return table(
        ("", "value"),
        [
            ("probability", f"sigmoid({found['slope']:.3f} x logit + {found['intercept']:.3f})"),
            ("forced answer is Pneumonia from", f"{found['threshold']:.3f}"),
            ("its sensitivity on the calibration patients", f"{found['sensitivity']:.3f}"),
            ("answer is Normal up to", f"{found['normal_up_to']:.3f}"),
            ("answer is Pneumonia from", f"{found['pneumonia_from']:.3f}"),
        ],
    )


def calibration() -> str:
    """How far probabilities can be trusted, and how seldom a class is called the other one, on the locked patients."""
    found = release.card()["metrics"]
    low, high = found["ece_ci95"]
    rows: list[tuple[Any, ...]] = [
        ("expected calibration error, 10 bins of equal width", f"{found['ece']:.3f} ({low:.3f} to {high:.3f})"),
        ("the same of labels drawn from the probabilities themselves", f"{found['ece_by_chance']:.3f}"),
    ]
    for label, covered in found["coverage"].items():
        low, high = covered["covered_ci95"]
        share = f"{covered['covered']:.3f} ({low:.3f} to {high:.3f}) of {covered['n']}"
        rows.append((f"{label} not called the other class", share))
    return table(("", "value (95 % interval)"), rows)


def sanity() -> str:
    """How little the heatmaps resemble those of a randomised network."""
    found = release.card()["heatmap_check"]
    rows = [(stage, f"{value:.2f}") for stage, value in found["similarity"].items()]
    evidence = f"{found['contrast']:.2f} logits; randomised networks: {found['contrast_randomised']:.2f} at most"
    rows.append(("evidence in pneumonias beyond that in normals", evidence))
    return table(("randomised from the top down to", "rank correlation with the maps before, either way round"), rows)


def failures() -> str:
    """How many mistakes of each kind the gallery found."""
    written = json.loads(COUNTS.read_text(encoding="utf-8"))
    if written["weights_sha256"] != release.card()["weights_sha256"]:
        raise CxrError(f"{COUNTS} is of another release: run make gallery")
    rows = [(kind["what"], kind["found"], kind["among"]) for kind in written["mistakes"]]
    return table(("mistake", "found", "among"), rows)


def pacs_node() -> str:
    """Who the program is on the DICOM network, and what it speaks there."""
    services = table(("service", "role", "SOP class", "transfer syntaxes"), conformance.services())
    return table(("", "value"), conformance.node()) + "\n\n" + services


def pacs_classes() -> str:
    """What is received over the DICOM network."""
    classes = table(("received", "SOP class UID"), conformance.classes())
    return classes + "\n\n" + table(("transfer syntax", "UID"), conformance.syntaxes())


def pacs_given() -> str:
    """What senders are answered."""
    return table(("status", "given where"), conformance.given())


def pacs_heard() -> str:
    """What archives answer, and what becomes of it."""
    return table(("status from the archive", "the answer is", "because"), conformance.heard())


def augmentation() -> str:
    """How the images were changed while the program's release learnt, from its card and the fields of Augmentation."""
    strengths = release.card()["recipe"]["augmentation"]
    words = dict(documented(ROOT / "cxr_core" / "model" / "augment" / "options.py", "Augmentation"))
    rows = [(name, strength, words.get(name, "")) for name, strength in strengths.items() if strength]
    return table(("change", "strength", "means"), rows)


def ablation() -> str:
    """The recipes that were tried, on hold-outs that differ."""
    return recipes.table(recipes.results(RESULTS))


def screening() -> str:
    """What trying the recipes took, and how far chance moves a row."""
    return recipes.screening(recipes.results(RESULTS))


def operating_points() -> str:
    """How often thresholds for several sensitivities are right."""
    return recipes.operating_points(recipes.results(RESULTS))


def new_site() -> str:
    """What retrains at a new site gained there, and lost at the old one."""
    return sites.gained(sites.results(sites.RESULTS))


def new_site_reads() -> str:
    """Who read there, and who was judged."""
    return sites.reads(sites.results(sites.RESULTS))


def new_site_answers() -> str:
    """How often forced answers are right at both sites, before and after."""
    return sites.answers(sites.results(sites.RESULTS))


def settings() -> str:
    """Every setting with what it means and its default, by subject."""
    words = dict(documented(ROOT / "cxr_core" / "settings.py", "Settings"))
    parts = []
    for subject, names in by_subject(list(words)).items():
        rows: list[tuple[Any, ...]] = [(f"`CXR_{name.upper()}`", words[name], _default(name)) for name in names]
        parts.append(f"## {subject}\n\n" + table(("setting", "means", "default"), rows))
    return "\n\n".join(parts)


def metrics() -> str:
    """The figures for Prometheus."""
    return table(("metric", "kind", "means"), list(metrics_table.rows()))


def plan() -> str:
    """The plan that is shipped, as it is written."""
    return f"```toml\n{shipped('default').text}```"


def retrain_simulation() -> str:
    """What came of twenty retrains in a row, with the gate and without it."""
    lines = [json.loads(line) for line in SIMULATION.read_text(encoding="utf-8").splitlines()]
    rows = [
        (f"{line['mean_effect']:g}", "all checks" if line["gated"] else "no gate", line["locked_images"],
         f"{line['too_far_below']:.1%}", f"{line['auc_change']:+.3f}", f"{line['accepted']:.0%}")
        for line in lines
    ]  # fmt: skip
    names = ("mean effect on AUC", "gate", "locked images", "runs lost", "AUC after 20 retrains", "accepted")
    return table(names, rows) + f"\n\n{lines[0]['runs']} runs a row."


def drift_quiet() -> str:
    """False alarms in years without drift."""
    return drift.quiet(drift.results("quiet"))


def drift_crying() -> str:
    """What other rules say in the same years."""
    return drift.crying(drift.results("quiet"))


def drift_delays() -> str:
    """How soon changes are found, beside other rules."""
    return drift.delays(drift.results("change"))


def drift_names() -> str:
    """What they are called."""
    return drift.names(drift.results("change"))


def drift_paces() -> str:
    """How soon they are found where more or fewer X-rays come in."""
    return drift.paces(drift.results("change"))


def burned_in_found() -> str:
    """What becomes of text that is planted in films."""
    return table(*burned_in.written())


def burned_in_clean() -> str:
    """What becomes of films without, and of side markers."""
    return table(*burned_in.clean())


def access_pages() -> str:
    """Who has each page."""
    return table(*access.pages())


def access_routes() -> str:
    """Whom each route answers."""
    return table(*access.routes())


def access_use_cases() -> str:
    """Whom each use case is open to."""
    return table(*access.use_cases())


def access_commands() -> str:
    """The commands."""
    return table(*access.commands())


def keys() -> str:
    """The keys of the review page."""
    rows = [(" ".join(f"`{key}`" for key in pressed), does) for pressed, does in KEYS]
    return table(("key", "does"), rows)


def bench() -> str:
    """The last run of make bench."""
    lines = [json.loads(line) for line in BENCH.read_text(encoding="utf-8").splitlines()]
    rows = [
        (f"`{line['name']}`", f"{line['ours']:.2f}", _or_nothing(line["reference"], "{:.2f}"), line["unit"],
         _or_nothing(line["ratio"], "{:.1f} x"), _or_nothing(line["peak_mb"], "{} MB"), line["note"])
        for line in lines
    ]  # fmt: skip
    names = ("measurement", "ours", "reference", "unit", "ratio", "peak memory", "")
    return table(names, rows) + f"\n\nMeasured on {lines[0]['machine']}."


def audit() -> str:
    """What the audit log tells, by groups."""
    rows = [(action.group.value, f"`{name}`", action.words) for name, action in ACTIONS.items()]
    return table(("group", "action", "what it tells"), sorted(rows, key=lambda row: GROUPS.index(row[0])))


def fuzz() -> str:
    """What became of broken inputs, by kind."""
    lines = [json.loads(line) for line in (ROOT / "docs" / "fuzz.jsonl").read_text(encoding="utf-8").splitlines()]
    rows = [
        (line["kind"], line["inputs"], line["stored"], line["kept"], line["answers"].get("read", 0),
         line["slowest_seconds"], line["minutes"], line["failures"])
        for line in lines
    ]  # fmt: skip
    names = ("kind", "inputs", "through a home", "kept", "read", "slowest (s)", "minutes", "wrong")
    return table(names, rows) + "\n"


def table(names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    """A Markdown table."""
    lines = [names, tuple("---" for _ in names), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def made(text: str) -> str:
    """`text` with every made part as it should be now. Raises CxrError for a part that nothing makes."""

    def fill(found: re.Match[str]) -> str:
        if found[2] not in MAKERS:
            raise CxrError(f"nothing makes the part {found[2]!r}")
        return f"{found[1]}{MAKERS[found[2]]()}\n{found[3]}"

    return PART.sub(fill, text)


def _default(name: str) -> str:
    value = getattr(Settings(), name)
    return "" if value in (None, "") else f"`{int(value) if isinstance(value, bool) else value}`"


def _or_nothing(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)


MAKERS: dict[str, Callable[[], str]] = {
    "figures": figures, "sides": sides, "report": report, "reading": reading, "calibration": calibration,
    "pacs-node": pacs_node, "pacs-classes": pacs_classes, "pacs-given": pacs_given, "pacs-heard": pacs_heard,
    "sanity": sanity, "failures": failures, "augmentation": augmentation, "ablation": ablation,
    "screening": screening, "operating-points": operating_points, "settings": settings, "metrics": metrics,
    "keys": keys, "bench": bench, "audit": audit, "fuzz": fuzz,
    "plan": plan, "retrain-simulation": retrain_simulation,
    "drift-watched": drift.watched, "drift-quiet": drift_quiet, "drift-crying": drift_crying,
    "drift-delays": drift_delays, "drift-names": drift_names, "drift-paces": drift_paces,
    "profile": profile.actions, "profile-besides": profile.besides, "profile-codes": profile.codes,
    "burned-in-found": burned_in_found, "burned-in-clean": burned_in_clean,
    "access-pages": access_pages, "access-routes": access_routes,
    "access-use-cases": access_use_cases, "access-commands": access_commands,
    "new-site": new_site, "new-site-reads": new_site_reads, "new-site-answers": new_site_answers,
}  # fmt: skip


def main() -> int:
    """Write what isn't current, or with --check only say so: 1 if something isn't."""
    check, stale = "--check" in sys.argv, []
    for path, text in _wanted():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path.name)
            if not check:
                path.parent.mkdir(exist_ok=True)
                path.write_text(text, encoding="utf-8")
    found = "not current (`make docs` writes it)" if check else "written"
    print(f"{found}: {', '.join(stale)}" if stale else "current", file=sys.stderr)
    return 1 if stale and check else 0


def _wanted() -> Iterator[tuple[Path, str]]:
    """Every page and figure with what should stand in it."""
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        yield path, made(path.read_text(encoding="utf-8"))
    for name, draw in FIGURES.items():
        yield ROOT / "docs" / "figures" / name, draw()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CxrError as error:
        sys.exit(str(error))
