"""What the server does around its life: run workers while it runs, and take them down with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.concurrency import run_in_threadpool

from cxr_core import settings
from cxr_core.errors import Conflict
from cxr_core.settings import Settings
from cxr_core.ui.workers import WORKERS
from cxr_core.work import starting
from cxr_core.work.opening import is_demo


@asynccontextmanager
async def lifespan(_: Any) -> AsyncIterator[dict[str, Any]]:
    """Start the workers, and the demo where one is wanted; at the end, end them."""
    chosen = settings.load()
    await run_in_threadpool(_start, chosen)
    try:
        yield {}
    finally:
        await run_in_threadpool(WORKERS.stop)


def _start(chosen: Settings) -> None:
    if chosen.demo or is_demo(chosen.home):  # started from the example database, a demo still lacks its files
        with suppress(Conflict):  # a home that somebody works in stays as it is
            starting.ask_for_demo(chosen.home)
    WORKERS.ensure(chosen)
