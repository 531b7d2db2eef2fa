"""Weights from somebody who means harm: nothing in them runs, and none but those of the card are used."""

from __future__ import annotations

import copy
import io
import json
import pickle
import struct
import zipfile

import pytest
import torch
from safetensors.torch import save

from cxr_core.errors import ModelError
from cxr_core.model import card, checkpoint, release
from cxr_core.model.network import from_files, new_network, to_file


class Harm:
    """What runs as soon as somebody unpickles it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def pickled(path):
    return pickle.dumps(Harm(path))


def torch_saved(path):
    file = io.BytesIO()
    torch.save({"fc.weight": Harm(path)}, file)
    return file.getvalue()


def zipped(path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", pickled(path))
    return file.getvalue()


def headed(header, length=None, data=b""):
    """A safetensors file with this header, which says that it is so long."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor(dtype="F16", shape=(2,), offsets=(0, 4)):
    return {"fc.bias": {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}}


FILES = {
    "empty": b"",
    "short": b"\0" * 7,
    "a header of 16 exabytes": headed({}, 2**64 - 1),
    "a header longer than the file": headed({}, 10**9),
    "a header that is no JSON": headed(b"{" * 100),
    "a header nested without end": headed(b'{"a":' * 100_000),
    "not text": headed(b"\xff\xfe{}"),
    "a list": headed([]),
    "of no kind": headed(tensor(dtype="OBJECT"), data=b"1234"),
    "of a kind that isn't computed with": headed(tensor("BOOL", (4,)), data=b"\0\1\2\3"),
    "a shape that overflows": headed(tensor(shape=(2**62, 2**62)), data=b"1234"),
    "a shape below zero": headed(tensor(shape=(-2,)), data=b"1234"),
    "beyond the end": headed(tensor(offsets=(0, 2**40), shape=(2**39,)), data=b"1234"),
    "backwards": headed(tensor(offsets=(4, 0)), data=b"1234"),
    "one tensor that doesn't fit": headed(tensor(shape=(2,)), data=b"1234"),
    "a tensor of another name": save({"extra": torch.zeros(2)}),
}


@pytest.mark.parametrize("file", FILES.values(), ids=FILES.keys())
def test_what_is_no_such_network_is_refused(file):
    with pytest.raises(ModelError):
        from_files(file, name="theirs")


@pytest.mark.parametrize("change", [lambda shape: (*shape, 1), lambda shape: (shape[0] + 1, *shape[1:])])
def test_wrong_shapes_are_refused_by_their_name(change):
    tensors = {name: tensor.contiguous() for name, tensor in new_network("none", 0).state_dict().items()}
    tensors["fc.weight"] = torch.zeros(change(tensors["fc.weight"].shape))
    with pytest.raises(ModelError, match=r"fc\.weight"):
        from_files(save(tensors), name="theirs")


@pytest.mark.parametrize("maker", [pickled, torch_saved, zipped])
def test_a_pickle_is_refused_and_nothing_in_it_runs(tmp_path, maker):
    mark = tmp_path / "harm"
    with pytest.raises(ModelError):
        from_files(maker(mark), name="theirs")
    with pytest.raises(ModelError):
        from_files(to_file(new_network("none", 0)), maker(mark), name="their changes")
    (tmp_path / "1.pt").write_bytes(maker(mark))
    with pytest.raises(ModelError):
        checkpoint.load(tmp_path / "1.pt", {}, "")
    assert not mark.exists()


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, "\ud800".encode("utf-8", "surrogatepass"), "", "null"]
)
def test_a_card_that_is_none_is_refused(tmp_path, text):
    path = tmp_path / "theirs.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ModelError):
        card.read_card(tmp_path / "theirs.safetensors")


def test_a_threshold_of_another_model_is_refused():
    values = copy.deepcopy(release.card())
    values["calibration"]["weights_sha256"] = "0" * 64
    with pytest.raises(ModelError, match="another model"):
        card.Card.from_dict(values)
