"""What the detector is held to, on films that text was planted in; `tools.burned_in` counts on three times as many."""

from itertools import islice

import pytest

from tools.burned_in.judging import judge
from tools.burned_in.sets import FILMS, on_phantoms

SHARE = range(0, FILMS, 3)


@pytest.fixture(scope="module")
def written():
    """The verdicts on films with text."""
    return [judge(film) for film in on_phantoms(True, SHARE)]


@pytest.fixture(scope="module")
def clean():
    """The verdicts on films without."""
    return [judge(film) for film in on_phantoms(False, SHARE)]


def share(verdicts, outcome):
    return sum(verdict.outcome == outcome for verdict in verdicts) / len(verdicts)


def test_text_is_blanked_wholly_or_the_film_is_quarantined(written):
    assert share(written, "missed") <= 0.02


def test_most_text_is_blanked_without_anybody_looking(written):
    assert share(written, "blanked") >= 0.7


def test_films_without_text_are_left_alone(clean):
    assert share(clean, "quarantined") <= 0.05
    assert share(clean, "blanked") <= 0.05


def test_side_markers_are_kept(written, clean):
    kept = [verdict.marker_kept for verdict in (*written, *clean) if verdict.marker_kept is not None]
    assert len(kept) > len(SHARE)
    assert sum(kept) >= 0.99 * len(kept)


def test_the_films_are_the_same_each_time():
    once, again = next(on_phantoms(True)), next(on_phantoms(True))
    assert (once.film == again.film).all() and (once.text == again.text).all() and once.facts == again.facts


def test_text_stands_out_by_forty_levels_and_is_all_that_differs():
    for film in islice(on_phantoms(True), 8):
        assert film.facts["contrast"] >= 40
        assert 12 <= film.facts["size"] <= 48
        assert film.text.any() and not (film.text & film.marker).any()
