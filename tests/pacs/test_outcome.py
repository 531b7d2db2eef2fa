"""Each status of C-STORE leads to the right end: there, again, or never."""

import pytest

from cxr_core.pacs.outcome import State, of_status


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (0x0000, State.ACCEPTED),
        (0xB000, State.ACCEPTED),
        (0xB006, State.ACCEPTED),
        (0xB007, State.ACCEPTED),
        (0x0107, State.ACCEPTED),
        (0x0111, State.ACCEPTED),
        (0xA700, State.RETRY),
        (0xA702, State.RETRY),
        (0x0110, State.RETRY),
        (0x0213, State.RETRY),
        (0xA900, State.DEAD),
        (0xA9FF, State.DEAD),
        (0xC000, State.DEAD),
        (0xCFFF, State.DEAD),
        (0x0122, State.DEAD),
        (0x0124, State.DEAD),
        (0x0117, State.DEAD),
        (0xFE00, State.DEAD),
    ],
)
def test_a_status_means(status, state):
    outcome = of_status(status)
    assert (outcome.state, outcome.status) == (state, status)
    assert status == 0 or f"{status:04X}" in outcome.reason
