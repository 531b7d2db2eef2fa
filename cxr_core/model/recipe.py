"""A recipe: everything that is chosen about training a network. Its fields are written on the card."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from cxr_core.errors import ModelError
from cxr_core.model.augment.options import Augmentation

OPTIMISERS = ("adam", "adamw", "sgd")


@dataclass(frozen=True)
class Recipe:
    """How the body of a network is trained, and its head with it."""

    stages: tuple[tuple[int, int], ...]
    """(size in pixels, epochs), one after the other: small images first, because they are cheap."""
    optimiser: str = "adam"
    """`adam`, `adamw`, or `sgd` with Nesterov's momentum of 0.9."""
    learning_rate: float = 0.001
    """The optimiser's step for what is new; it warms up over an epoch and falls along a cosine."""
    weight_decay: float = 0.0
    batch_size: int = 32
    class_weights: bool = True
    """Weigh the loss by the inverse of each class's share, so that the rarer one counts as much."""
    label_smoothing: float = 0.1
    """Share of each label that is spread over both classes."""
    mixup: float = 0.0
    """Each image mixed with another of its batch by a share from Beta(mixup, mixup); 0 for not at all."""
    pretraining: int = 0
    """Epochs without labels on the training images, at the size of the first stage, before all else."""
    teachers: int = 0
    """Networks that are trained first, by the rest of this recipe and with other seeds: what they say on average of the
    very picture that the network sees is learnt in place of its label (Hinton et al. 2015, Beyer et al. 2022)."""
    sharpness: float = 0.0
    """Radius of sharpness-aware minimisation (Foret et al. 2021), at twice the cost; 0 for plain steps."""
    averaging: float = 0.99
    """Decay, a step, of the running average of the weights that is served in their place; 0 for no average."""
    patience: int = 0
    """Epochs at the serving size without a better AUC on the validation patients, after which it stops; 0 for never."""
    trained: str = "all"
    """What learns: `all`, or `last block` (layer4 and the head). For the head alone there is model.head."""
    body_share: float = 1.0
    """The body's learning rate as a share of the head's; lower when fine-tuning."""
    seed: int = 20260101
    split: int = 20260101
    """Seed of the split by patient: whatever else changes, nobody changes sides."""
    augmentation: Augmentation = field(default_factory=Augmentation)
    then: Recipe | None = None
    """How plain training goes on from the weights that this ends with."""
    keeps: float = 0.0
    """Share of the weights before what follows that stays in those after it (Wortsman et al. 2022): what was learnt
    before is refined, and not replaced."""

    def __post_init__(self) -> None:
        if not self.stages or any(size < 32 or epochs < 1 for size, epochs in self.stages):
            raise ModelError(f"stages {self.stages}: each is (size of at least 32, epochs of at least 1)")
        if self.optimiser not in OPTIMISERS:
            raise ModelError(f"optimiser {self.optimiser!r}: choose one of {', '.join(OPTIMISERS)}")
        if self.then and (self.then.pretraining or self.then.teachers or self.then.then):
            raise ModelError("what follows is plain training: without pretraining, teachers, or more that follows")
        if self.keeps and not self.then:
            raise ModelError(f"keeps {self.keeps}: nothing follows that a share could be kept from")

    @property
    def epochs(self) -> int:
        """Epochs over all stages."""
        return sum(epochs for _, epochs in self.stages)

    @property
    def last_size(self) -> int:
        """The size of the last stage, at which the network is served."""
        return self.stages[-1][0]

    def size_of(self, epoch: int) -> int:
        """The image size of an epoch, counted from 0."""
        for size, epochs in self.stages:
            if epoch < epochs:
                return size
            epoch -= epochs
        return self.last_size

    def as_dict(self) -> dict[str, Any]:
        """As written on a card."""
        return asdict(self)


SETTLING = Recipe(
    stages=((224, 3),),
    optimiser="adamw",
    learning_rate=0.0002,
    weight_decay=0.05,
    batch_size=64,
    augmentation=Augmentation(
        degrees=7.0, scale=0.08, aspect=0.06, shift=0.04, shear=0.015, collimation=0.2, erasing=0.15
    ),
)
"""The last epochs of a release: small steps, on images that lie nearly as they are."""
RELEASE = Recipe(
    stages=((128, 24), (224, 8)), optimiser="adamw", weight_decay=0.05, batch_size=64, then=SETTLING, keeps=0.5
)
"""How the program's own release is made (docs/model.md tells what else was tried)."""
