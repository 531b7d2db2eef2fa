"""The rows of the table: the options of a retrain at the new site that are tried."""

from __future__ import annotations

from cxr_core.model.gate.objection import Kind
from cxr_core.work.models.drafting import Options

LOOKS = (Kind.QUALITY.value, Kind.UNLIKE.value)
"""Adults don't look like the children that the gate was drawn around: readers' labels on what it refused for its looks
are learnt from as well."""
CHOSEN = "the head, longer and in larger steps"
ROWS = {
    "the page's defaults": Options(),
    CHOSEN: Options("head", 100, 0.01, 4, LOOKS),
}
SEEDS = {CHOSEN: 2}
"""How many sites a row is tried at, each of which draws other patients to learn from; the others at one."""
TRIED = [(name, seed) for name in ROWS for seed in range(SEEDS.get(name, 1))]
"""Every row with each of its seeds."""
