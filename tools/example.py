"""Makes feedback.db.example: the demo's database, made as every demo is, with its fixed key.

python -m tools.example FILE
"""

from __future__ import annotations

import logging
import sys
import tempfile
from pathlib import Path

from cxr_core.records import Lane
from cxr_core.settings import Settings
from cxr_core.store.db import opened
from cxr_core.work.opening import SECRET_CHECK, open_home
from cxr_core.work.starting import ask_for_demo
from cxr_core.worker import standing_in


def make(target: Path) -> None:
    """Tell the demo's story in a temporary home and leave its database, compacted, at `target`."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        open_home(home)
        ask_for_demo(home)
        with standing_in(Settings(home=home), Lane.LEARNING) as step:
            while step():
                pass
        target.unlink(missing_ok=True)
        with opened(home) as db:
            db.execute("DELETE FROM sessions")
            db.execute("DELETE FROM workers")
            db.execute("DELETE FROM site WHERE name = ?", (SECRET_CHECK,))  # each home has a secret of its own
            db.execute("VACUUM INTO ?", (str(target),))


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    make(Path(sys.argv[1]))
