"""What the server does around its life: run workers while it runs, take them down with it, and say that it lives."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.concurrency import run_in_threadpool

from cxr_core import service, settings
from cxr_core.errors import Conflict
from cxr_core.settings import Settings
from cxr_core.store.db import KEPT_OPEN
from cxr_core.ui.unheard import hear_every_run
from cxr_core.ui.workers import WORKERS
from cxr_core.work import people, starting
from cxr_core.work.auditing import changed_settings
from cxr_core.work.opening import is_demo

FIRST_ADMIN = """
  Nobody has an account here yet. Open the program in a browser and make the first, an admin, with this code:

      {code}

  It is good until the program is started again.
"""
ALIVE_SECONDS = 5.0
"""Between two signs of life to a service manager."""
DATABASES = 16
"""Connections that are kept open: as many as are used at a time where fifty people read."""
SWITCH_SECONDS = 0.0005
"""After which a thread that computes lets others go on, a tenth of Python's own: whoever writes to the database takes a
dozen short turns, and all who want to write wait meanwhile."""


@asynccontextmanager
async def lifespan(_: Any) -> AsyncIterator[dict[str, Any]]:
    """Start the workers, and the demo where one is wanted; at the end, end them."""
    hear_every_run()
    sys.setswitchinterval(SWITCH_SECONDS)
    KEPT_OPEN.keep(DATABASES)
    chosen = settings.load()
    await run_in_threadpool(_start, chosen)
    service.tell(service.READY)
    living = asyncio.create_task(_live())
    try:
        yield {}
    finally:
        living.cancel()
        service.tell(service.STOPPING)
        await run_in_threadpool(WORKERS.stop)
        KEPT_OPEN.keep(0)


async def _live() -> None:
    """As long as this goes on, the loop that answers browsers does."""
    while True:
        service.tell(service.ALIVE)
        await asyncio.sleep(ALIVE_SECONDS)


def _start(chosen: Settings) -> None:
    changed_settings.note(chosen, "app")
    if chosen.demo or is_demo(chosen.home):  # started from the example database, a demo still lacks its files
        with suppress(Conflict):  # a home that somebody works in stays as it is
            starting.ask_for_demo(chosen.home)
    WORKERS.ensure(chosen)
    if code := people.first_code(chosen.home):
        # For whoever starts it, so no line of the log. A service manager keeps it all the same: it opens nothing once
        # somebody has an account, or the program was started again.
        sys.stderr.write(FIRST_ADMIN.format(code=code))
