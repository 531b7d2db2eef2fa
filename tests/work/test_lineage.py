"""Lineage both ways: from an opinion to whose reads taught it, and from a patient to every model that learnt."""

from __future__ import annotations

import pytest

from cxr_core.dicom.pseudonym import pseudonym
from cxr_core.errors import BadInput, NotFound
from cxr_core.records import Label, Role, Side, User
from cxr_core.store import images, models, training_sets
from cxr_core.store.db import opened, transaction
from cxr_core.store.secret import site_secret
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.models import lineage
from cxr_core.work.opening import DEMO_SECRET
from tests.store.rows import add_image
from tests.work.learners import FIRST, add_model, copied, flagged, passed, store_image

SECOND, THIRD, ASIDE = "cxr-resnet18-2", "cxr-resnet18-3", "cxr-resnet18-4"


@pytest.fixture
def home(empty, tmp_path):
    return copied(empty, tmp_path / "home")


def taught(home, *chosen):
    """A training set of these images with the reads that labelled them, and one image of the base data."""
    with opened(home.path) as db, transaction(db):
        items = [{"image": "f" * 64, "label": "Normal", "origin": "base data", "side": "train"}]
        for image in chosen:
            read = list(db.query("SELECT id, reader, reason, seen FROM reads WHERE image = ?", (image,)))
            side = images.get(db, image)["side"]
            items.append({"image": image, "label": "Pneumonia", "origin": "flagged", "side": side, "reads": read})
        return training_sets.add(db, {"parent": FIRST, "items": items}, home.admin.id)


@pytest.fixture
def family(home):
    """Two generations from the release, and a model aside: by side, the images that taught them."""
    learnt = {side: flagged(home, number, side) for number, side in enumerate(Side, 1)}
    later = flagged(home, 9)
    add_model(home, SECOND, FIRST, passed(FIRST), taught(home, *learnt.values()))
    add_model(home, THIRD, SECOND, passed(FIRST), taught(home, later))
    add_model(home, ASIDE, FIRST, passed(FIRST), taught(home, later))
    return {**learnt, "later": later}


def how(found):
    return {touched.model: (touched.how, touched.learnt) for touched in found.models}


def test_an_opinion_leads_to_its_model_the_parents_and_whose_reads_taught_each(home, family):
    waiting = store_image(home, 20)
    with opened(home.path) as db, transaction(db):
        models.decide(db, THIRD, "promote", "a test", home.admin.id)
        db.execute("UPDATE predictions SET model = ? WHERE image = ?", (THIRD, waiting))
    found = lineage.of_prediction(home.path, home.admin, waiting)
    assert (found.patient, found.prediction["model"]) == ("patient 20", THIRD)
    assert [(version.name, version.parent) for version in found.versions] == [
        (THIRD, SECOND), (SECOND, FIRST), (FIRST, None),
    ]  # fmt: skip
    newest, middle, release = found.versions
    assert newest.decision == "promote"
    (read,) = newest.reads
    assert (read["image"], read["patient"], read["reader"]) == (family["later"], "patient 9", "Rada")
    assert (read["reason"], read["seen"], read["mode"]) == ("small finding", "directly", "concurrent")
    assert (read["side"], read["label"], read["origin"], read["erased_at"]) == ("train", "Pneumonia", "flagged", None)
    assert {(row["origin"], row["side"], row["images"]) for row in newest.items} == {
        ("base data", "train", 1), ("flagged", "train", 1),
    }  # fmt: skip
    assert {row["side"] for row in middle.reads} == set(Side)
    assert (release.training_set, release.items, release.reads) == (None, [], [])


def test_the_opinion_of_a_version_that_gave_none_is_not_there(home, family):
    image = store_image(home, 20)
    assert lineage.of_prediction(home.path, home.admin, image, FIRST).prediction["model"] == FIRST
    with pytest.raises(NotFound, match=f"{SECOND} gave no opinion"):
        lineage.of_prediction(home.path, home.admin, image, SECOND)


@pytest.mark.parametrize(
    ("side", "direct", "learnt"),
    [(Side.TRAIN, "trained on", True), (Side.VALIDATION, "chosen by", True), (Side.CALIBRATION, "calibrated on", True)],
)
def test_a_patient_leads_to_all_that_learnt_from_them_through_two_generations(home, family, side, direct, learnt):
    number = list(Side).index(side) + 1
    found = lineage.of_patient(home.path, home.admin, f"patient {number}")
    assert how(found) == {SECOND: (direct, learnt), THIRD: (f"fine-tuned from {SECOND}", learnt)}
    assert [(row["image"], row["side"], row["model"]) for row in found.taken] == [(family[side], side, SECOND)]
    assert [row["id"] for row in found.images] == [family[side]]
    assert [(row["reader"], row["label"]) for row in found.reads] == [("Rada", "Pneumonia")]


def test_what_was_only_compared_on_a_patient_learnt_nothing_and_passed_nothing_on(home, family):
    found = lineage.of_patient(home.path, home.admin, "patient 4")
    assert how(found) == {SECOND: ("compared on", False)}


def test_a_patient_who_taught_two_models_leads_to_both(home, family):
    found = lineage.of_patient(home.path, home.admin, "patient 9")
    assert how(found) == {THIRD: ("trained on", True), ASIDE: ("trained on", True)}


def test_what_learnt_from_a_patient_as_its_parent_had_is_named_once_as_having_learnt_itself(home, family):
    add_model(home, "cxr-resnet18-5", SECOND, None, taught(home, family[Side.TRAIN]))
    found = lineage.of_patient(home.path, home.admin, "patient 1")
    assert sorted(touched.model for touched in found.models) == [SECOND, THIRD, "cxr-resnet18-5"]
    assert how(found)["cxr-resnet18-5"] == ("trained on", True)


def test_a_set_of_which_no_model_came_touches_none(home):
    taught(home, flagged(home, 1))
    found = lineage.of_patient(home.path, home.admin, "patient 1")
    assert (found.models, [row["model"] for row in found.taken]) == ([], [None])


def test_a_model_leads_up_and_down(home, family):
    found = lineage.of_model(home.path, home.admin, SECOND)
    assert [version.name for version in found.versions] == [SECOND, FIRST]
    assert found.descendants == [THIRD]
    assert lineage.of_model(home.path, home.admin, FIRST).descendants == [SECOND, THIRD, ASIDE]


def test_one_field_finds_models_images_and_patients(home, family):
    image = family[Side.TRAIN]
    assert isinstance(lineage.find(home.path, home.admin, f" {THIRD} "), lineage.OfModel)
    assert lineage.find(home.path, home.admin, image).image == image
    assert lineage.find(home.path, home.admin, "patient 1").patient == "patient 1"
    nothing = "no model or image is named so, and there is no such patient"
    for wrong, why in (("e" * 64, "no image eeeeeeeeeeee"), ("nobody", nothing), ("", nothing), ("%", nothing)):
        with pytest.raises(NotFound, match=why):
            lineage.find(home.path, home.admin, wrong)


def test_an_image_is_known_by_the_eight_digits_that_the_screens_show_if_no_other_begins_so(home):
    image = flagged(home, 0xABCDEF12 << 224)
    for text in (image[:8], image[:9], f" {image[:8].upper()} "):
        assert lineage.find(home.path, home.admin, text).image == image
    flagged(home, (0xABCDEF12 << 224) + 1)
    for text in (image[:7], image[:8]):
        with pytest.raises(NotFound, match="no model or image is named so"):
            lineage.find(home.path, home.admin, text)


@pytest.mark.parametrize("secret", ["site's", "demo's"])
@pytest.mark.parametrize("identifier", ["Doe-17", "\\Doe-17"])
def test_a_patient_is_known_by_pseudonym_its_beginning_or_the_sites_own_identifier(home, secret, identifier):
    key = site_secret(home.path) if secret == "site's" else DEMO_SECRET
    whole = pseudonym(key, "patient", identifier)
    with opened(home.path) as db:
        add_image(db, 1, whole)
        digits = whole.removeprefix("patient-")
        for text in (whole, f" {whole} ", whole[:16], digits[:8], digits[:8].upper(), "Doe-17", " Doe-17 "):
            assert lineage.patient_named(home.path, db, text) == whole
        for text in (digits[:7], "Doe-18", "patient-", "%", ""):
            with pytest.raises(NotFound):
                lineage.patient_named(home.path, db, text)


def test_a_header_that_names_an_issuer_is_found_with_it(home):
    with opened(home.path) as db:
        add_image(db, 1, pseudonym(site_secret(home.path), "patient", "Elsewhere\\Doe-17"))
        assert lineage.patient_named(home.path, db, "Elsewhere\\Doe-17")
        with pytest.raises(NotFound, match=r"or ISSUER\\ID"):
            lineage.patient_named(home.path, db, "Doe-17")


def test_what_could_mean_two_patients_is_refused(home):
    with opened(home.path) as db:
        add_image(db, 1, "patient-1234567890ab")
        add_image(db, 2, "patient-1234567811cd")
        add_image(db, 3, pseudonym(site_secret(home.path), "patient", "1234567890"))
        for text in ("12345678", "1234567890"):  # the second is the beginning of one, and the identifier of another
            with pytest.raises(BadInput, match=r"could mean patient-.+ or patient-"):
                lineage.patient_named(home.path, db, text)
        assert lineage.patient_named(home.path, db, "1234567811") == "patient-1234567811cd"


def test_the_command_line_sees_it_too(home, family):
    assert lineage.find(home.path, COMMAND_LINE, "patient 9") == lineage.find(
        home.path, User(7, "Eva", Role.ADMIN), "patient 9"
    )
    assert lineage.find(home.path, COMMAND_LINE, "patient 9").reads[0]["label"] == Label.PNEUMONIA
