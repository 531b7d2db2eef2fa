"""Lines: medians and shares by week, each beside the first reference that knows its signal."""

from datetime import date

from cxr_core.drift.lines import lines
from cxr_core.drift.sight import Days
from cxr_core.drift.tally import OPINION_LAYOUT, PICTURE_LAYOUT

MONDAY, THURSDAY, NEXT = date(2026, 3, 2), date(2026, 3, 5), date(2026, 3, 9)


def tally(*rows):
    return PICTURE_LAYOUT.count(rows)


def stream(*days, layout=PICTURE_LAYOUT):
    found = Days(layout, MONDAY, NEXT)
    for day, counts in days:
        found.add(day, "", "", 1, counts)
    return found.stream()


def test_a_week_is_the_median_of_its_days_after_the_first():
    came = stream((MONDAY, tally({"mean": 0.9})), (THURSDAY, tally({"mean": 0.2}, {"mean": 0.3}, {"mean": 0.3})),
                  (NEXT, tally({"mean": 0.5})))  # fmt: skip
    (line,) = lines(came, {"model": tally({"mean": 0.4})}, MONDAY)
    assert (line.signal.name, line.word, line.beside) == ("mean", "", "model")
    assert [(point.week, point.n, round(point.value, 1)) for point in line.points] == [(MONDAY, 3, 0.3), (NEXT, 1, 0.5)]


def test_a_signal_is_drawn_once_beside_the_first_reference_that_knows_it():
    came = stream((THURSDAY, tally({"mean": 0.2, "view": "PA"}, {"mean": 0.2})))
    site = tally({"mean": 0.6, "view": "PA"}, {"mean": 0.6, "view": "AP"})
    found = {(line.signal.name, line.word): line for line in lines(came, {"model": tally({"mean": 0.4}), "site": site},
                                                                    MONDAY)}  # fmt: skip
    assert set(found) == {("mean", ""), ("view", "PA"), ("view", "AP"), ("view", "missing")}
    assert found["mean", ""].beside == "model"
    assert found["view", "PA"].beside == "site"
    assert (found["view", "PA"].middle, found["view", "PA"].points[0].value) == (0.5, 0.5)
    assert found["view", "missing"].points[0].value == 0.5


def test_the_networks_axes_have_no_line():
    said = stream((THURSDAY, OPINION_LAYOUT.count([{"axis1": 0.1, "answer": "Pneumonia"}])), layout=OPINION_LAYOUT)
    reference = OPINION_LAYOUT.count([{"axis1": 0.1, "answer": "Normal"}])
    assert {(line.signal.name, line.word) for line in lines(said, {"model": reference}, MONDAY)} == {
        ("answer", "Pneumonia")
    }
