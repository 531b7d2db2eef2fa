"""Doing the next pieces of work while the last one's result is being used."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import cv2

T = TypeVar("T")
R = TypeVar("R")

MOST_THREADS = 8
"""Each may hold a large X-ray, or several, in memory."""


def ahead(work: Callable[[T], R], items: Iterable[T], most: int) -> Generator[R, None, None]:
    """`work(item)` for each item, in order, done by threads that are up to `most` items ahead of whoever takes them.

    What `work` raises is raised in its place. When the iterator ends, is closed or is interrupted, what has begun is
    finished and nothing more begins. `items` is asked by the taker's own thread.
    """
    pool = ThreadPoolExecutor(min(cv2.getNumberOfCPUs(), MOST_THREADS))
    begun: deque[Future[R]] = deque()
    try:
        for item in items:
            begun.append(pool.submit(work, item))
            if len(begun) >= most:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
