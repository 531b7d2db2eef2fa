"""The counts that are shown keep what is promised."""

from tools.burned_in import table


def test_at_most_two_in_a_hundred_films_with_text_are_missed():
    _, rows = table.written()
    films = {on: (number, missed) for on, text, number, _, _, missed in rows if text == "all"}
    assert films["phantoms"][0] == 300
    assert all(missed <= 0.02 * number for number, missed in films.values())


def test_at_most_five_in_a_hundred_clean_phantoms_are_quarantined_or_blanked_and_markers_are_kept():
    _, rows = table.clean()
    (_, films, blanked, quarantined, markers, kept), *_ = rows
    assert films == 300 and blanked <= 0.05 * films and quarantined <= 0.05 * films
    assert kept >= 0.99 * markers
