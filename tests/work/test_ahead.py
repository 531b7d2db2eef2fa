"""Work is done ahead of whoever takes its results, in order, within bounds, and stops with them."""

import threading
import time

import cv2
import pytest

from cxr_core.work.ahead import ahead


def test_results_come_in_the_order_of_the_items():
    first_may_end = threading.Event()

    def work(number):
        if number == 0:
            first_may_end.wait(10)
        elif number == 1:
            first_may_end.set()
        return -number

    assert list(ahead(work, range(20), 4)) == [-number for number in range(20)]
    assert list(ahead(work, [], 4)) == []


def test_no_more_is_asked_for_than_what_may_be_ahead():
    asked = []

    def items():
        for number in range(100):
            asked.append(number)
            yield number

    taken = ahead(lambda number: number, items(), 3)
    assert next(taken) == 0
    assert len(asked) <= 3
    assert next(taken) == 1
    assert len(asked) <= 4
    taken.close()
    assert len(asked) <= 4


@pytest.fixture
def two_threads():
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    yield
    cv2.setNumThreads(before)


@pytest.mark.usefixtures("two_threads")
def test_there_are_as_many_threads_and_items_in_hand_as_opencv_is_told_to_use():
    held, most, lock = 0, 0, threading.Lock()

    def items():
        nonlocal held, most
        for number in range(60):
            with lock:
                held += 1
                most = max(most, held)
            yield number

    def work(number):
        nonlocal held
        time.sleep(0.001)
        with lock:
            held -= 1
        return threading.current_thread().name

    names = set(ahead(work, items(), 30))
    assert most <= 2
    assert len(names) <= 2


def test_threads_that_share_the_items_leave_none_out_and_take_none_twice():
    assert list(ahead(lambda number: number, iter(range(500)), 32)) == list(range(500))


def test_what_the_work_raises_is_raised_in_its_place():
    taken = ahead(lambda number: 10 // (2 - number), range(5), 5)
    assert [next(taken), next(taken)] == [5, 10]
    with pytest.raises(ZeroDivisionError):
        next(taken)
    assert list(taken) == []


def test_whoever_stops_taking_leaves_nothing_running():
    before, done = threading.active_count(), []
    taken = ahead(done.append, range(1000), 50)
    next(taken)
    taken.close()
    ended = len(done)
    assert ended <= 50
    assert threading.active_count() == before


def test_what_the_items_raise_ends_it_cleanly():
    before = threading.active_count()

    def items():
        yield 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(ahead(lambda number: number, items(), 4))
    assert threading.active_count() == before
