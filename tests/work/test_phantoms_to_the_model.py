"""The demo's studies are X-rays to the model, too, which was trained on none of them."""

import numpy as np

from cxr_core.dicom.phantoms.phantom import Phantom
from cxr_core.dicom.reading import read
from cxr_core.model.metrics import auc
from cxr_core.work.story import SMALL
from tests.model.chests import opinions

FIRST, COUNT = 5000, 200


def test_the_first_release_tells_opacities_from_clear_lungs_in_phantoms(shipped):
    phantoms = [Phantom(number, number % 2 == 1, rows=SMALL) for number in range(FIRST, FIRST + COUNT)]
    logits = []
    for start in range(0, COUNT, 20):
        films = [read(each.data).radiograph for each in phantoms[start : start + 20]]
        logits += [opinion.logit for opinion in opinions(shipped, films)]
    labels = np.array([int(each.opacity) for each in phantoms])
    assert auc(labels, np.array(logits)) >= 0.8
