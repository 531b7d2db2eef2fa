"""What was kept is read by place: a line below may be added at the end of a list, none changed, moved or removed."""

from __future__ import annotations

from cxr_core.drift.catalogue import OTHER, SIGNALS, Signal
from cxr_core.drift.grid import Scale
from cxr_core.drift.tally import JUDGEMENT_LAYOUT, OPINION_LAYOUT, ORIGIN_LAYOUT, PICTURE_LAYOUT

KEPT_PICTURES = [
    ("mean", 0, 1, 200, Scale.LINEAR),
    ("p01", 0, 1, 200, Scale.LINEAR),
    ("p99", 0, 1, 200, Scale.LINEAR),
    ("contrast", 0, 0.5, 100, Scale.LINEAR),
    ("sharpness", 0.02, 4, 120, Scale.LOG),
    ("noise", 1e-5, 0.1, 120, Scale.LOG),
    ("saturated", 0, 1, 100, Scale.ROOT),
    ("border", 0, 1, 100, Scale.ROOT),
    ("polarity", -1, 1, 200, Scale.LINEAR),
    ("shorter", 64, 8192, 84, Scale.LOG),
    ("elongation", 0.25, 4, 80, Scale.LOG),
    (
        "manufacturer", "Agfa", "Canon", "Carestream", "DRGEM", "Fujifilm", "GE", "Hologic", "Kodak", "Konica Minolta",
        "Mindray", "Philips", "Samsung", "Shimadzu", "Siemens", "Swissray", "Toshiba", "United Imaging", "Varian",
        "Vieworks", "Other",
    ),
    ("view", "PA", "AP", "LL", "RL", "LATERAL", "Other"),
    ("modality", "CR", "DX", "SC", "Other"),
    ("sex", "M", "F", "O"),
    ("age", 0, 95, 19, Scale.LINEAR),
    ("kvp", 40, 160, 60, Scale.LINEAR),
    ("exposure", 0.05, 500, 80, Scale.LOG),
]  # fmt: skip
KEPT_OPINIONS = [
    *((f"axis{number}", -6, 6, 60, Scale.LINEAR) for number in range(1, 9)),
    ("probability", 0, 1, 100, Scale.LINEAR),
    ("confidence", 0.5, 1, 50, Scale.LINEAR),
    ("answer", "Normal", "Pneumonia", "Uncertain", "not analysed"),
    ("put right", "as it came", "inverted"),
    (
        "refused for", "none", "modality", "body part", "view", "age", "quality", "turned", "inverted",
        "no frontal chest X-ray", "Other",
    ),
]  # fmt: skip
KEPT_JUDGEMENTS = [
    ("agreed", "agreed", "disagreed"),
    (
        "flagged for", "not flagged", "overlying device", "rotation", "poor inspiration", "chronic change", "skin fold",
        "opacity, not pneumonia", "retrocardiac", "small finding", "atypical pattern", "portable technique",
        "image unsuitable", "label ambiguous", "Other",
    ),
    ("of the ill", "Normal", "Pneumonia", "Uncertain", "not analysed"),
    ("of the healthy", "Normal", "Pneumonia", "Uncertain", "not analysed"),
    ("left over", -1, 1, 200, "linear"),
]  # fmt: skip


def _kept(signal: Signal) -> tuple[object, ...]:
    grid = signal.grid
    return (signal.name, grid.low, grid.high, grid.bins, grid.scale) if grid else (signal.name, *signal.words)


def test_pictures_kept_so_far_are_read_as_they_were_counted() -> None:
    assert [_kept(signal) for signal in PICTURE_LAYOUT.signals[: len(KEPT_PICTURES)]] == KEPT_PICTURES


def test_opinions_kept_so_far_are_read_as_they_were_counted() -> None:
    assert [_kept(signal) for signal in OPINION_LAYOUT.signals[: len(KEPT_OPINIONS)]] == KEPT_OPINIONS


def test_judgements_kept_so_far_are_read_as_they_were_counted() -> None:
    assert [_kept(signal) for signal in JUDGEMENT_LAYOUT.signals[: len(KEPT_JUDGEMENTS)]] == KEPT_JUDGEMENTS


def test_every_signal_has_a_name_of_its_own_and_is_explained_in_one_sentence() -> None:
    layouts = PICTURE_LAYOUT, ORIGIN_LAYOUT, OPINION_LAYOUT, JUDGEMENT_LAYOUT
    assert list(SIGNALS) == [signal.name for layout in layouts for signal in layout.signals]
    assert len({signal.title for signal in SIGNALS.values()}) == len(SIGNALS)
    assert all(signal.meaning.count(".") == 1 and signal.meaning.endswith(".") for signal in SIGNALS.values())


def test_every_signal_is_either_numbers_or_words() -> None:
    for signal in SIGNALS.values():
        assert (signal.grid is None) == (len(set(signal.words)) >= 2), signal.name
        assert len(set(signal.words)) == len(signal.words)
        assert OTHER not in signal.words[:-1]


def test_every_effect_that_matters_can_be_reached_in_spite_of_slack() -> None:
    for signal in SIGNALS.values():
        assert 0 < signal.floor < 1
        assert signal.grid is None or signal.slack < (signal.grid.high - signal.grid.low) / 20, signal.name
