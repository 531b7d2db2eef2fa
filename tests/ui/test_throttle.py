"""Guessing gets slower at the address that guesses, and nobody elsewhere notices."""

from __future__ import annotations

import pytest

from cxr_core.ui.throttle import FORGOTTEN_SECONDS, MANY, MOST_KEPT, NAME, Throttle

PASSWORD = "a long password"
HERE, THERE = "192.0.2.7", "192.0.2.8"


def guess(throttle, seconds, name="ann", address=HERE):
    """Guess at every quarter of a second for so many seconds; how many guesses were judged, and when the last."""
    moments = [quarter / 4 for quarter in range(seconds * 4) if not throttle.attempt(address, name, quarter / 4)]
    return len(moments), moments[-1]


def used_up(throttle, name="ann", address=HERE, now=0.0):
    while not throttle.attempt(address, name, now):
        pass


def test_mistyping_costs_no_time():
    throttle = Throttle()
    assert [throttle.attempt(HERE, "ann", 0) for _ in range(NAME.free)] == [0] * NAME.free
    assert throttle.attempt(HERE, "ann", 0) == 1


def test_each_wrong_one_after_that_takes_longer_up_to_a_limit():
    throttle, waits, now = Throttle(), [], 0.0
    for _ in range(20):
        waits.append(throttle.attempt(HERE, "ann", now))
        now += waits[-1]
        throttle.attempt(HERE, "ann", now)
    assert waits == sorted(waits)
    assert waits[-1] == NAME.longest


def test_a_day_of_guessing_gives_a_few_hundred_guesses_however_many_at_once():
    assert guess(Throttle(), 86_400)[0] < 350


def test_what_is_refused_does_not_count():
    throttle = Throttle()
    used_up(throttle)
    waits = [throttle.attempt(HERE, "ann", moment) for moment in (0, 0.25, 0.5)]
    assert waits == [1, 0.75, 0.5]
    assert throttle.attempt(HERE, "ann", 1) == 0


def test_a_name_is_the_same_however_it_is_written():
    throttle = Throttle()
    used_up(throttle, "ann")
    assert throttle.attempt(HERE, "ANN", 0)


def test_who_guesses_a_name_keeps_its_owner_out_nowhere_else():
    throttle = Throttle()
    guess(throttle, 3600)
    assert throttle.attempt(THERE, "ann", 3600) == 0


def test_one_address_can_not_try_name_after_name():
    throttle = Throttle()
    assert sum(not throttle.attempt(HERE, f"user {number}", 0) for number in range(100)) == MANY.free
    judged = sum(not throttle.attempt(HERE, f"other {second}", second) for second in range(3600))
    assert judged < 3600 / MANY.longest + MANY.free
    assert throttle.attempt(THERE, "user 1", 0) == 0


def test_a_hospital_behind_one_address_can_sign_in():
    throttle = Throttle()
    for number in range(20 * MANY.free):
        for mistyped in (True, True, False):
            assert throttle.attempt(HERE, f"user {number}", 0) == 0
            if not mistyped:
                throttle.forgive(HERE, f"user {number}")


def test_mistypes_that_nobody_corrects_are_forgotten():
    throttle = Throttle()
    assert not any(throttle.attempt(HERE, f"user {minute}", 60 * minute) for minute in range(20 * MANY.free))


def test_who_guesses_at_an_address_makes_its_others_wait_and_keeps_none_out():
    throttle, waits = Throttle(), []
    for second in range(600):
        throttle.attempt(HERE, f"guessed {second}", second)
        waits.append(throttle.attempt(HERE, f"owner {second}", second + 0.5))
    assert max(waits) <= MANY.longest


def test_a_name_is_guarded_where_every_attempt_feigns_another_address():
    throttle = Throttle()
    judged = sum(not throttle.attempt(f"192.0.2.{second}", "ann", second / 10) for second in range(3600))
    assert judged < 360 / MANY.longest + MANY.free + MANY.free


def test_a_right_password_starts_again_for_this_name_and_not_for_the_address():
    throttle = Throttle()
    for number in range(MANY.free - 1):
        throttle.attempt(HERE, f"user {number % 10}", 0)
    throttle.attempt(HERE, "mallory", 0)
    throttle.forgive(HERE, "mallory")
    assert throttle.attempt(HERE, "mallory", 0) == 0
    assert throttle.attempt(HERE, "mallory", 0) > 0


def test_a_name_begins_anew_and_its_address_does_not():
    throttle = Throttle()
    used_up(throttle, "bob")
    used_up(throttle)
    before = throttle._attempts[HERE, ""]
    assert throttle.begin_anew(HERE, "ANN", 1)
    assert throttle.attempt(HERE, "ann", 1) == 0
    assert throttle.attempt(HERE, "bob", 0) > 0
    assert throttle._attempts[HERE, ""][0] >= before[0]


def test_what_was_tried_after_that_moment_counts():
    throttle = Throttle()
    used_up(throttle, now=5)
    assert not throttle.begin_anew(HERE, "ann", 4)
    assert not throttle.begin_anew(THERE, "ann", 6)
    assert throttle.attempt(HERE, "ann", 5) > 0


def test_after_an_hour_of_quiet_it_starts_again():
    throttle = Throttle()
    _, last = guess(throttle, 1000)
    assert throttle.attempt(HERE, "ann", last + 1) > 1
    assert throttle.attempt(HERE, "ann", last + FORGOTTEN_SECONDS) == 0
    assert throttle.attempt(HERE, "ann", last + FORGOTTEN_SECONDS) == 0


@pytest.mark.parametrize("name", ["x" * 16_000, "ann"])
def test_memory_is_bounded_and_who_tried_last_is_remembered(name):
    throttle = Throttle()
    for number in range(MOST_KEPT):
        throttle.attempt(f"address {number}", f"{number} {name}", number / 1000)
    used_up(throttle, name, now=50)
    assert len(throttle._attempts) == MOST_KEPT
    assert max(len(part) for key in throttle._attempts for part in key) <= 64
    assert throttle.attempt(HERE, name, 50) > 0


def post(visitor, password, name="ann"):
    return visitor.post("/sign-in", data={"name": name, "password": password, "next": "/history"})


def test_too_many_wrong_passwords_are_refused_with_a_plain_message(home, browser):
    visitor = browser()
    answers = [post(visitor, "wrong").status_code for _ in range(NAME.free)]
    assert answers == [401] * NAME.free
    post(visitor, "wrong"), post(visitor, "wrong")  # whether it was too early for one depends on the machine's speed
    refused = post(visitor, PASSWORD)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert "Too many attempts: wait" in refused.text
    assert 'value="ann"' in refused.text and 'value="/history"' in refused.text
    assert "set-cookie" not in refused.headers


def test_the_owner_signs_in_from_another_address_meanwhile(home, browser):
    attacker, owner = browser(client=HERE), browser(client=THERE)
    answers = {post(attacker, "wrong").status_code for _ in range(NAME.free + 3)}
    assert answers == {401, 429}
    assert post(owner, PASSWORD).status_code == 303


def test_a_right_password_clears_the_count(home, browser):
    visitor = browser()
    for _ in range(2):
        for _ in range(NAME.free - 1):
            assert post(visitor, "wrong").status_code == 401
        assert post(visitor, PASSWORD).status_code == 303
