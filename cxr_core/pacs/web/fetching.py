"""WADO-RS as a client (PS3.18, 10.4): an X-ray as the archive has stored it."""

from __future__ import annotations

from cxr_core.errors import DeliveryError, NotFound, RejectedFile
from cxr_core.pacs.web.calling import exchange, pieces, turned_away
from cxr_core.pacs.web.endpoint import WebEndpoint
from cxr_core.pacs.web.finding import Match, checked
from cxr_core.pacs.web.multipart import DICOM, LONGEST_HEADER, Limits, split

LARGEST_FILE = 256 * 2**20
"""Bytes: a digital chest X-ray has some 30 MB uncompressed."""
AS_STORED = f'multipart/related; type="{DICOM}"; transfer-syntax=*'


def fetch(endpoint: WebEndpoint, match: Match, largest: int = LARGEST_FILE) -> bytes:
    """The DICOM file of an X-ray, at most `largest` bytes, in the transfer syntax that it has there.

    Raises NotFound where the server has it no longer, and DeliveryError with a remedy for all else.
    """
    study, series, instance = (checked(uid, endpoint) for uid in (match.study, match.series, match.instance))
    path = f"/studies/{study}/series/{series}/instances/{instance}"
    with exchange(endpoint, path, AS_STORED) as response:
        if response.status in (404, 410):
            raise NotFound(f"{endpoint.name} has this X-ray no longer: search again")
        if response.status != 200:
            raise turned_away(endpoint, response.status)
        whole = largest + 2 * LONGEST_HEADER
        limits = Limits(part=largest, whole=whole, parts=1)
        coming = pieces(endpoint, response, whole)
        try:
            [file] = split(response.headers.get("Content-Type", ""), coming, limits)
        except RejectedFile as error:
            raise DeliveryError(f"{endpoint.name}: its answer isn't one DICOM file: {error}") from error
    return file
