"""Rules and their dry runs, in words."""

from __future__ import annotations

from collections.abc import Mapping

from cxr_core.records import Answer, Mode, Release, Worklist
from cxr_core.store.destinations import Rule
from cxr_core.ui import words
from cxr_core.work.hospital.connecting import DryRun

ANSWERS = {
    Answer.CAPTURE: "picture with the opinion (Secondary Capture)",
    Answer.REPORT: "report of the opinion, or why there is none (SR)",
    Answer.PRESENTATION: "outlines on the original (presentation state)",
    Answer.ASSESSMENT: "what the reader says of the opinion (SR)",
}
RELEASES = {
    Release.AS_READ: "as its list is read: at once if concurrent, after the read if second reader, never if blinded",
    Release.AFTER_READ: "after it is read, whatever its list",
    Release.AT_ONCE: "at once, read or not",
    Release.NEVER: "never: the rule is kept and sends nothing",
}


def in_words(rule: Rule, destinations: Mapping[int, str], senders: Mapping[int, str]) -> str:
    """`every DX from Room 1 labelled Pneumonia, 18–7 h → PACS: capture and report, as read`."""
    sender = f" from {senders.get(rule.sender, 'a sender that was removed')}" if rule.sender else ""
    station = f" at station {words.short(rule.device)}" if rule.device else ""
    label = f" labelled {rule.label}" if rule.label else ""
    hours = f", {rule.hours[0]}–{rule.hours[1]} h" if rule.hours else ""
    what = f"every {rule.modality or 'X-ray'}{sender}{station}{label}{hours}"
    return f"{what} → {destinations[rule.destination]}: {listed([each.value for each in rule.answers])}, {rule.release}"


def listed(names: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def dry_run_words(found: DryRun, days: int) -> str:
    """What a rule would have done, in a sentence or two."""
    span = f"the last {words.how_many(days, 'days')}"
    if not found.came:
        return f"Nothing came in over the network in {span}, so there is nothing to try it on."
    if not found.fitted:
        return f"Of {words.how_many(found.came, 'objects')} that came in {span}, none fits: it would send nothing."
    leaving = [words.how_many(count, f"{kind}s") for kind, count in found.leaves.items()]
    sent = f"{listed(leaving)} would leave now" if leaving else "nothing would leave now"
    waits = f"; what answers {found.waits} of them waits for a read, or never leaves" if found.waits else ""
    fit = "fits" if found.fitted == 1 else "fit"
    return f"Of {words.how_many(found.came, 'objects')} that came in {span}, {found.fitted} {fit}: {sent}{waits}."


def forestalls(blind: list[Worklist]) -> str:
    """Why a rule that sends at once is dangerous beside these lists."""
    names = listed([f"{each.name} ({each.mode})" for each in blind])
    blinded = any(each.mode is Mode.BLINDED for each in blind)
    spoilt = " What is read blinded would judge the model no longer." if blinded else ""
    return (
        f"An answer that leaves at once lies in the archive, where a reader of {names} may see it before they have "
        f"read here.{spoilt} Choose as its list is read, or after it is read, unless nobody reads there."
    )
