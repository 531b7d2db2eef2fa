"""Objects to another DICOM node, as they are: echo and storage as SCU (PS3.4 A, B)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO

from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.presentation import PresentationContext, build_context

from cxr_core.errors import BadInput, DeliveryError
from cxr_core.pacs.calling import Endpoint, NoAssociation, associated
from cxr_core.pacs.contexts import PLAIN, VERIFICATION
from cxr_core.pacs.outcome import Outcome, State, of_status
from cxr_core.pacs.package import Package, chosen, packed, proposed
from cxr_core.pacs.wire import wire_of

_LOOK_SECONDS = 0.002


def echo(endpoint: Endpoint) -> None:
    """Ask whether the node is there and talks to us. Raises DeliveryError, with host, port, AE title and remedy."""
    with associated(endpoint, [build_context(VERIFICATION, list(PLAIN))]) as assoc:
        if not assoc.is_established:
            raise DeliveryError(f"{endpoint} answers, but to no echo: ask whoever runs it")
        status = assoc.send_c_echo().get("Status")
    if status is None:
        raise DeliveryError(f"{endpoint}: {_unanswered(endpoint)}")
    if status != 0:
        raise DeliveryError(f"{endpoint} answers an echo with status {status:04X}: ask whoever runs it")


def store(endpoint: Endpoint, objects: Sequence[bytes]) -> list[Outcome]:
    """Send DICOM files on one association; what became of each, in order. Nothing is raised for what a network does.

    A data set goes as it is, or between the transfer syntaxes without compression if only another one is accepted.
    Where no association comes about it is tried again, even one that is rejected for good, and TLS that fails: that
    says nothing about the object, and whoever runs the node puts it right some day. Raises BadInput where an object is
    no DICOM file.
    """
    packages = [packed(each) for each in objects]
    outcomes: list[Outcome] = []
    try:
        with associated(endpoint, proposed(packages)) as assoc:
            for number, package in enumerate(packages, start=1):
                outcomes.append(_stored(endpoint, assoc, package, number))
    except NoAssociation as error:
        outcomes = [Outcome(State.RETRY, str(error)) for _ in packages]
    return outcomes


def _stored(endpoint: Endpoint, assoc: Association, package: Package, number: int) -> Outcome:
    context = chosen(package, assoc.accepted_contexts)
    if context is None:
        kind = f"{package.sop_class.name} ({package.transfer_syntax.name})"
        return Outcome(State.DEAD, f"{endpoint} takes no {kind}: let it accept that, or send elsewhere")
    if not assoc.is_established:
        return Outcome(State.RETRY, f"{endpoint} had ended the association before: check that it runs")
    try:
        status = _answer(assoc, package, context, number)
    except BadInput as error:
        return Outcome(State.DEAD, str(error))
    if status is None:
        return Outcome(State.RETRY, f"{endpoint}: {_unanswered(endpoint)}")
    outcome = of_status(status)
    return outcome if status == 0 else replace(outcome, reason=f"{endpoint}: {outcome.reason}")


def _unanswered(endpoint: Endpoint) -> str:
    return f"it hung up, or hadn't answered after {endpoint.patience:.0f} s: check that it runs"


def _answer(assoc: Association, package: Package, context: PresentationContext, number: int) -> int | None:
    """The status of a C-STORE; None where none came. pynetdicom's own would decode the object and write it anew."""
    request = C_STORE()
    request.MessageID, request.Priority = number % 0x10000, 2
    request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = package.sop_class, package.sop_instance
    request.DataSet = BytesIO(package.data_set(context.transfer_syntax[0]))
    _pause(assoc)
    try:
        assert context.context_id is not None
        assoc.dimse.send_msg(request, context.context_id)
        status = _response(assoc, request.MessageID)
    finally:
        assoc._reactor_checkpoint.set()
    if status is None:
        assoc.abort()
    return status


def _response(assoc: Association, number: int) -> int | None:
    """Waits as long as the object goes out, and then for its answer."""
    wire = wire_of(assoc)
    wire.moved = time.monotonic()
    goes_on = True
    while goes_on:
        goes_on = assoc.dul.is_alive() and time.monotonic() - wire.moved < wire.patience
        _, response = assoc.dimse.get_msg(block=False)
        if isinstance(response, C_STORE) and response.MessageIDBeingRespondedTo == number:
            return None if response.Status is None else int(response.Status)
        time.sleep(_LOOK_SECONDS)
    return None


def _pause(assoc: Association) -> None:
    """Let the association's thread leave the next message to us."""
    assoc._reactor_checkpoint.clear()
    while not assoc._is_paused and assoc.is_alive():
        time.sleep(_LOOK_SECONDS)
