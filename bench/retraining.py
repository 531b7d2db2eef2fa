"""fine-tune, fine-tune-block, retrain-interference: what a retrain costs, and what a reader notices of it."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from playwright.sync_api import Page
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from bench.measure import Measurement, seconds
from bench.reading_room import NOTED, percentiles, reading, turn
from cxr_core.dicom.phantoms.phantom import phantom
from cxr_core.model import release
from cxr_core.model.dataset import find_samples
from cxr_core.model.examples import Examples
from cxr_core.model.head import train_head
from cxr_core.model.material import Material
from cxr_core.model.network import Network, from_files
from cxr_core.model.preprocess import IMAGENET_MEAN, IMAGENET_STD, Preprocessing
from cxr_core.model.train import train
from cxr_core.records import CLASSES, Label, Role, Side
from cxr_core.settings import Settings
from cxr_core.store import images, jobs, predictions
from cxr_core.store.db import opened, transaction
from cxr_core.work import people
from cxr_core.work.doing import Desk
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.incoming import intake
from cxr_core.work.models import gathering, retraining
from cxr_core.work.models.change_plan import FILE, shipped
from cxr_core.work.models.drafting import Options
from cxr_core.work.models.learning import recipe_of
from cxr_core.work.reading_room import recording
from tests.model.chests import phantom_chest, public_set

FILES, EPOCHS, ROUNDS = 128, 10, 2
WATCHED = 30
"""Cases that are turned to, without a retrain and with one."""
EVERY_SIDE = {Side.TRAIN: 60, Side.VALIDATION: 6, Side.CALIBRATION: 20, Side.LOCKED: 20}


def fine_tune() -> Measurement:
    """Images a second of a retrain as it is asked for by default: the head, ten epochs, from files to weights."""
    return _fine_tuning("fine-tune", "head")


def fine_tune_block() -> Measurement:
    """The same of the last block and the head."""
    return _fine_tuning("fine-tune-block", "last block")


def _fine_tuning(name: str, trained: str) -> Measurement:
    with tempfile.TemporaryDirectory() as folder:
        paths = _chests(Path(folder))
        ours, plain = [], []
        for _ in range(ROUNDS):
            ours.append(seconds(lambda: _as_the_program_does(Path(folder), trained)))
            plain.append(seconds(lambda: _plainly(paths, trained)))
    per_second = FILES * EPOCHS / min(ours), FILES * EPOCHS / min(plain)
    note = f"{trained}, {EPOCHS} epochs of {FILES} files; the plain loop makes {per_second[1]:.0f}; 2 x wanted"
    return Measurement(name, 1000 / per_second[0], 1000 / per_second[1], "ms/image", note)


def _chests(folder: Path) -> list[tuple[Path, int]]:
    """JPEG files of synthetic chests, as a public set lies on the disk."""
    for number in range(FILES):
        path = folder / ("PNEUMONIA" if number % 2 else "NORMAL") / f"person{number}_x.jpeg"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(phantom_chest(number, bool(number % 2), 512)).save(path, quality=90)
    return [(sample.path, sample.label) for sample in find_samples([folder])]


def _as_the_program_does(folder: Path, trained: str) -> None:
    network, rule = from_files(release.WEIGHTS.read_bytes(), name="bench"), Preprocessing()
    found = gathering.prepare(gathering.of_samples(find_samples([folder])), rule).examples
    few = Examples(found.grey[::8], found.labels[::8], found.patients[::8])
    recipe = recipe_of({"trained": trained, "epochs": EPOCHS, "learning_rate": 0.001}, rule)
    material = Material(found, few, rule)
    if trained == "head":
        train_head(network, material, recipe, lambda progress: None)
    else:
        train(network, material, recipe, None, lambda progress: None)


class _Files(Dataset[tuple[torch.Tensor, int]]):
    """What a tutorial would write."""

    def __init__(self, paths: list[tuple[Path, int]]) -> None:
        self.paths = paths
        self.change = transforms.Compose([
            transforms.Resize((224, 224)), transforms.RandomHorizontalFlip(), transforms.RandomRotation(10),
            transforms.Grayscale(3), transforms.ToTensor(), transforms.Normalize(IMAGENET_MEAN, IMAGENET_STD),
        ])  # fmt: skip

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, number: int) -> tuple[torch.Tensor, int]:
        path, label = self.paths[number]
        with Image.open(path) as image:
            return self.change(image), label


def _plainly(paths: list[tuple[Path, int]], trained: str) -> None:
    """Ten epochs of a plain PyTorch loop over the same files, the frozen part without gradients."""
    network: Network = from_files(release.WEIGHTS.read_bytes(), name="bench")
    network.requires_grad_(False)
    learning = [network.fc] if trained == "head" else [network.layer4, network.fc]
    for part in learning:
        part.requires_grad_(True)
    optimiser = torch.optim.Adam([weight for part in learning for weight in part.parameters()], 0.001)
    loss_of, batches = nn.CrossEntropyLoss(), DataLoader(_Files(paths), batch_size=32, shuffle=True)
    for _ in range(EPOCHS):
        for seen, labels in batches:
            optimiser.zero_grad()
            loss_of(network(seen), labels).backward()
            optimiser.step()


def retrain_interference() -> Measurement:
    """The median time to the next case while a retrain of the whole network runs, beside that without one."""
    with tempfile.TemporaryDirectory() as base:
        home: list[Path] = []

        def prepare(folder: Path) -> dict[str, str]:
            home.append(folder)
            public_set(Path(base), EVERY_SIDE)
            return {"CXR_BASE_DATA": base}

        with reading(2 * WATCHED + 2, prepare) as page:
            page.locator(".viewer").evaluate(NOTED)
            alone = _median(page)
            start_a_retrain(Settings(home=home[0], base_data=Path(base)))
            beside = _median(page)
    note = f"p50 of {WATCHED} cases while a retrain runs; without one as reference; at most 1.5 times wanted"
    return Measurement("retrain-interference", beside, alone, "ms", note, in_this_process=False)


def _median(page: Page) -> float:
    page.evaluate("shown.length = 0, said.length = 0")
    for _ in range(WATCHED):
        turn(page, "j")
    return percentiles(page, "shown", WATCHED)[0]


def start_a_retrain(settings: Settings) -> None:
    """Flag a case that is learnt from, ask for a long retrain, and wait until it trains."""
    plan = shipped("demo").text.replace("demo = true", "demo = false")
    (settings.home / FILE).write_text(plan, encoding="utf-8")
    other = people.add_user(settings.home, COMMAND_LINE, "bea", Role.RADIOLOGIST, "a password for the bench")
    admin = people.add_user(settings.home, COMMAND_LINE, "ada", Role.ADMIN, "a password for the bench")
    said = _on_the_training_side(settings)
    label = Label.NORMAL if said["label"] == Label.PNEUMONIA else Label.PNEUMONIA
    form = recording.ReadForm(said["image"], said["id"], label, recording.Reason.SMALL)
    recording.submit(settings.home, other, form)
    number = retraining.start(settings, admin, Options("all", epochs=100))
    while not _is_training(settings.home, number):
        time.sleep(0.2)


def _on_the_training_side(settings: Settings) -> dict[str, Any]:
    """Take small studies in until one of a patient who may be learnt from has a sure opinion; returns that."""
    desk = Desk(settings, "bench")
    for number in range(1, 100):
        outcome = intake.accept(desk, phantom(number, bool(number % 2), rows=400))
        with opened(settings.home) as db, transaction(db):
            outcome.write(db)
            side = images.get(db, outcome.result["image"])["side"]
            said = predictions.standing(db, outcome.result["image"], None)
        if side == Side.TRAIN and said["label"] in CLASSES:
            return said
    raise AssertionError("none of a hundred patients may be learnt from")


def _is_training(home: Path, number: int) -> bool:
    with opened(home) as db:
        job = jobs.get(db, number)
    assert job.state.is_open, job.error
    return "step" in job.progress
