"""Memory for X-rays that come and go: kept for the next one, where the C library would give it back each time."""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Parameters of mallopt(3), as malloc.h of glibc numbers them."""
_KEPT_BYTES = 2**28
_LARGEST_BYTES = 2**25
"""The most that glibc takes for either: what is larger comes from the kernel, page by page, and is cleared first."""
_ARENAS = 4


def keep_memory() -> None:
    """From now on, memory that this process frees is its own; nothing happens where the C library isn't glibc."""
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "gnu_get_libc_version"):
        return
    for parameter, value in ((_MMAP_THRESHOLD, _LARGEST_BYTES), (_TRIM_THRESHOLD, _KEPT_BYTES), (_ARENA_MAX, _ARENAS)):
        libc.mallopt(parameter, value)
