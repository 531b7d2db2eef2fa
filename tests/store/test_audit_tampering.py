"""Whatever is done to the chain is found at its first wrong row; what was sealed anew, by ends that were kept."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_core.errors import BadInput, IntegrityError
from cxr_core.store.audit_chain import GENESIS, Head, follow, parsed, seal

START = Head(0, GENESIS)
COLUMNS = ("at", "actor", "action", "subject", "details")


def chain(many, start=START):
    """Rows as the table has them, and the ends after each."""
    rows, heads = [], [start]
    for number in range(start.number + 1, start.number + many + 1):
        event = {"id": number, "at": f"{number}", "actor": "ann", "action": "read", "subject": "", "details": "{}"}
        heads.append(Head(number, seal(heads[-1].hash, event)))
        rows.append({**event, "hash": heads[-1].hash})
    return rows, heads


def sealed_anew(rows, start=START):
    """The rows numbered and sealed again by somebody who can write the file."""
    before, found = start.hash, []
    for number, row in enumerate(rows, start.number + 1):
        event = {**{name: value for name, value in row.items() if name != "hash"}, "id": number}
        before = seal(before, event)
        found.append({**event, "hash": before})
    return found


def moved_up(rows):
    """The rows numbered again, their hashes as they were."""
    return [{**row, "id": number} for number, row in enumerate(rows, 1)]


def broken_at(rows, heads=(), start=START):
    with pytest.raises(IntegrityError) as found:
        follow([dict(row) for row in rows], start, {head.number: head for head in heads})
    return str(found.value)


def is_named(said, number):
    return said == f"audit row {number} is not what was written: the chain is broken there"


many = st.integers(2, 12)


@settings(deadline=None)
@given(many, st.data())
def test_a_changed_row_is_named(count, data):
    rows, _ = chain(count)
    at = data.draw(st.integers(0, count - 1))
    column = data.draw(st.sampled_from([*COLUMNS, "hash"]))
    rows[at] = {**rows[at], column: f"{rows[at][column]}x"}
    assert is_named(broken_at(rows), at + 1)


@settings(deadline=None)
@given(many, st.data())
def test_a_row_that_was_changed_and_sealed_alone_is_found_by_the_next(count, data):
    rows, heads = chain(count)
    at = data.draw(st.integers(0, count - 2))
    event = {**{name: value for name, value in rows[at].items() if name != "hash"}, "actor": "eve"}
    rows[at] = {**event, "hash": seal(heads[at].hash, event)}
    assert is_named(broken_at(rows), at + 2)


@settings(deadline=None)
@given(many, st.data(), st.booleans())
def test_a_removed_row_is_named_and_at_the_end_by_the_end_that_was_kept(count, data, renumbered):
    rows, heads = chain(count)
    at = data.draw(st.integers(0, count - 1))
    left = rows[:at] + rows[at + 1 :]
    left = moved_up(left) if renumbered else left
    if at < count - 1:
        assert is_named(broken_at(left), at + 1)
    assert f"audit row {at + 1} " in broken_at(left, [heads[-1]])


@settings(deadline=None)
@given(many, st.data(), st.booleans())
def test_an_inserted_row_is_named_though_its_own_seal_fits(count, data, fits):
    rows, heads = chain(count)
    at = data.draw(st.integers(0, count - 1))
    event = {"id": at + 1, "at": "9", "actor": "eve", "action": "read", "subject": "", "details": "{}"}
    new = {**event, "hash": seal(heads[at].hash, event) if fits else "0" * 64}
    assert is_named(broken_at(moved_up([*rows[:at], new, *rows[at:]])), at + 1)


@settings(deadline=None)
@given(many, st.data())
def test_of_swapped_rows_the_first_is_named(count, data):
    rows, _ = chain(count)
    one, other = sorted(data.draw(st.sets(st.integers(0, count - 1), min_size=2, max_size=2)))
    rows[one], rows[other] = rows[other], rows[one]
    assert is_named(broken_at(moved_up(rows)), one + 1)


@settings(deadline=None)
@given(many, st.data())
def test_a_chain_that_was_sealed_anew_is_found_by_the_first_kept_end_behind_the_change(count, data):
    rows, heads = chain(count)
    at = data.draw(st.integers(0, count - 1))
    kept = data.draw(st.sets(st.integers(1, count), min_size=1))
    rows[at] = {**rows[at], "actor": "eve"}
    anew = sealed_anew(rows)
    assert follow([dict(row) for row in anew], START).number == count  # the chain itself knows nothing of it
    behind = [number for number in sorted(kept) if number > at]
    if not behind:
        return
    before = max((number for number in kept if number < behind[0]), default=0)
    said = broken_at(anew, [heads[number] for number in kept])
    assert said.startswith(f"audit row {behind[0]} isn't the one whose hash was kept: rows from {before + 1} on")


@settings(deadline=None)
@given(many, st.data())
def test_a_tail_that_was_cut_off_is_found_by_any_kept_end_in_it(count, data):
    rows, heads = chain(count)
    left = data.draw(st.integers(0, count - 1))
    kept = data.draw(st.integers(left + 1, count))
    said = broken_at(rows[:left], [heads[kept]])
    assert said == f"audit row {left + 1} is missing: the chain ends before it, and row {kept} was there once"


@settings(deadline=None)
@given(st.integers(1, 9), many)
def test_a_chain_goes_on_behind_a_cut(before, count):
    _, heads = chain(before)
    rows, later = chain(count, heads[-1])
    assert follow([dict(row) for row in rows], heads[-1]) == later[-1]
    assert is_named(broken_at(rows, start=Head(before, "0" * 64)), before + 1)


@pytest.mark.parametrize("text", ["", "7", f"x {'0' * 64}", f"7 {'0' * 63}", f"7 {'G' * 64}", f"-1 {'0' * 64}"])
def test_what_is_no_head_is_refused(text):
    with pytest.raises(BadInput, match="no head of the chain"):
        parsed(text)
    assert parsed(f" 7 {'a' * 64}\n") == Head(7, "a" * 64)
