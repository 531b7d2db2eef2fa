"""Doing the next pieces of work while the last one's result is being used."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count, islice
from threading import Condition
from typing import Generic, TypeVar

import cv2

T = TypeVar("T")
R = TypeVar("R")

MOST_THREADS = 8
"""Each may hold a large X-ray, or several, in memory."""


def ahead(work: Callable[[T], R], items: Iterable[T], most: int) -> Generator[R, None, None]:
    """`work(item)` for each item, in order, done by threads that are up to `most` items ahead of whoever takes them.

    There are as many threads as OpenCV uses (a worker sets that by CXR_THREADS), at most MOST_THREADS. Each asks for an
    item when it can work on it at once, one thread at a time, so no more items than threads are held. What `work` or
    `items` raises is raised in its place. When the iterator ends, is closed or is interrupted, what has begun is
    finished and nothing more begins.
    """
    pool, queue = ThreadPoolExecutor(min(cv2.getNumThreads(), MOST_THREADS)), _Queue(items)
    begun: deque[Future[list[R]]] = deque()

    def do(turn: int) -> list[R]:
        return [work(item) for item in queue.take(turn)]

    try:
        for turn in count():
            begun.append(pool.submit(do, turn))
            if len(begun) >= most:
                done = begun.popleft().result()
                if not done:
                    return
                yield done[0]
    finally:
        pool.shutdown(cancel_futures=True)


class _Queue(Generic[T]):
    """Items that several threads take, each in its turn, which is the order in which the threads were set to work."""

    def __init__(self, items: Iterable[T]) -> None:
        self._items = iter(items)
        self._next = 0
        self._moved_on = Condition()

    def take(self, turn: int) -> list[T]:
        """The item of this turn, once those before it are taken; nothing if there are no more."""
        with self._moved_on:
            self._moved_on.wait_for(lambda: self._next == turn)
            try:
                return list(islice(self._items, 1))
            finally:
                self._next += 1
                self._moved_on.notify_all()
