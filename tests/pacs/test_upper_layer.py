"""However a sender cuts a data set into fragments, it comes together as it was."""

from __future__ import annotations

import struct
from itertools import cycle

import pytest
from pynetdicom.pdu import P_DATA_TF

from tests.pacs.desks import listening
from tests.pacs.objects import data_set, xray
from tests.pacs.peers import stored, storing
from tests.processes import wait_until

COMMAND, LAST = 0b01, 0b10


def cut(assoc, sizes, together=1):
    """From now on the association's data sets go out in fragments of these sizes, so many in one PDU."""
    connection = assoc.dul.socket
    send = connection.send

    def in_fragments(data):
        for pdu in _cut(bytes(data), sizes, together):
            send(pdu)

    connection.send = in_fragments


def _cut(data, sizes, together):
    """The PDUs in place of one: the same, where it holds no data set."""
    context, control, whole = _item(data) if data[0] == 4 else (0, COMMAND, b"")
    if control & COMMAND:
        return [data]
    pieces = _pieces(whole, cycle(sizes))
    items = [_encoded(context, 0, piece) for piece in pieces[:-1]] + [_encoded(context, control, pieces[-1])]
    bodies = [b"".join(items[at : at + together]) for at in range(0, len(items), together)]
    return [struct.pack(">BxL", 4, len(body)) + body for body in bodies]


def _item(data):
    """Presentation context, message control header and fragment of a PDU's one item."""
    pdu = P_DATA_TF()
    pdu.decode(data)
    (item,) = pdu.presentation_data_value_items
    return item.presentation_context_id, item.presentation_data_value[0], item.presentation_data_value[1:]


def _encoded(context, control, fragment):
    return struct.pack(">LBB", len(fragment) + 2, context, control) + fragment


def _pieces(data, sizes):
    pieces = []
    while data:
        size = next(sizes)
        pieces.append(data[:size])
        data = data[size:]
    return pieces


@pytest.mark.parametrize(
    ("sizes", "together"),
    [((10,), 1), ((0, 7, 1000), 1), ((16_372,), 1), ((1000, 1, 9000), 3), ((10**6,), 1)],
    ids=["ten bytes each", "some of them empty", "PDUs of 16 kB", "three in a PDU", "all in one"],
)
def test_whatever_the_fragments_the_object_is_the_same(listener, desk, sizes, together):
    with storing(listener, xray(0)) as assoc:
        cut(assoc, sizes, together)
        assert [stored(assoc, xray(0)), stored(assoc, xray(0))] == [0, 0]
    assert [data_set(taken) for taken in desk.taken] == [data_set(xray(0))] * 2


def test_who_leaves_within_a_fragment_has_sent_nothing(listener, desk):
    with storing(listener, xray(0)) as assoc:
        connection = assoc.dul.socket
        send = connection.send

        def half(data):
            first, second, *_ = [*_cut(bytes(data), (9000,), 1), b""]
            send(first)
            if second:
                send(second[:100])
                connection.close()

        connection.send = half
        assert stored(assoc, xray(0)) is None
    wait_until(lambda: not listener._associations())
    assert desk.taken == []


def test_fragments_that_are_more_than_any_xray_end_the_association(desk):
    with listening(desk, largest=10_000) as listener, storing(listener, xray(0)) as assoc:
        cut(assoc, (1000,))
        assert stored(assoc, xray(0)) is None
    assert desk.taken == []
