"""Bodies that were broken by chance: each has an answer, within the limits."""

import random

import pytest

from cxr_core.errors import RejectedFile
from cxr_core.pacs.web.multipart import Limits, joined, split

BODIES = 1_000
"""For each of the seeds."""
LIMITS = Limits(part=3_000, whole=20_000, parts=20)
WORDS = (
    b"\r\n",
    b"\r\n\r\n",
    b"--",
    b"--edge",
    b"\r\n--edge",
    b"\r\n--edge--",
    b"\r\n--edge\r\n",
    b"Content-Type:",
    b"\0",
)


def broken(body, chance):
    """The body with a few bytes changed, cut out, doubled, or words of its grammar put in."""
    body = bytearray(body)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(body) + 1)
        end = min(len(body), at + chance.choice((1, 10, 200)))
        match chance.randrange(4):
            case 0:
                body[at:end] = chance.randbytes(end - at)
            case 1:
                del body[at:end]
            case 2:
                body[at:at] = body[at:end]
            case 3:
                body[at:at] = chance.choice(WORDS)
    return bytes(body[: chance.randrange(len(body))] if chance.random() < 0.2 else body)


def answered(body, size):
    """The parts, and the reason why no more came."""
    found, reason = [], "whole"
    content_type = 'multipart/related; type="application/dicom"; boundary=edge'
    try:
        for part in split(content_type, (body[at : at + size] for at in range(0, len(body), size)), LIMITS):
            found.append(part)
    except RejectedFile as error:
        reason = error.reason
    return found, reason


@pytest.mark.parametrize("seed", range(4))
def test_every_broken_body_is_answered_the_same_in_whatever_pieces(seed):
    chance = random.Random(seed)
    reasons = set()
    for _ in range(BODIES):
        files = [chance.randbytes(chance.randrange(2_000)) for _ in range(chance.randint(1, 4))]
        body = broken(b"".join(joined(files, "edge")), chance)
        found, reason = answered(body, len(body) or 1)
        assert (found, reason) == answered(body, chance.randint(1, 50))
        assert all(len(part) <= LIMITS.part for part in found)
        reasons.add(reason)
    assert reasons >= {"whole", "malformed", "media-type"}
