"""The coded concepts of reports: PS3.16's where it has one, else our own under the scheme SCHEME."""

from __future__ import annotations

from pydicom.sr.coding import Code

from cxr_core.records import Label, Reason

SCHEME = "99CXRSR"
"""Designator of our own codes, private as PS3.16 chapter 8 wants it; each object that has one says whose they are."""
PNEUMONIA = Code("233604007", "SCT", "Pneumonia")
PRESENCE = {
    Label.PNEUMONIA: Code("52101004", "SCT", "Present"),
    Label.NORMAL: Code("272519000", "SCT", "Absent"),
    Label.UNCERTAIN: Code("82334004", "SCT", "Indeterminate"),
}
FINDING = Code("121071", "DCM", "Finding")
PROBABILITY = Code("122157", "DCM", "Probability")
GRAD_CAM = Code("130403", "DCM", "Gradient-weighted class activation")
MAXIMUM = Code("56851009", "SCT", "Maximum")
NO_UNITS = Code("1", "UCUM", "no units")
ARTIFICIAL_INTELLIGENCE = Code("123110", "DCM", "Artificial Intelligence")
CHEST_XRAY = Code("36554-4", "LN", "XR Chest Single view")
DEVICE = Code("121007", "DCM", "Device")
PERSON = Code("121006", "DCM", "Person")
COMMENT = Code("121106", "DCM", "Comment")

SUMMARY = Code("111065", "DCM", "Summary of Analyses")
NOT_ATTEMPTED = Code("111225", "DCM", "Not Attempted")
WHY_NOT = Code("WHY_NOT", SCHEME, "Reason for giving no opinion")
QUALITY = Code("113001", "DCM", "Rejected for Quality Reasons")
REFUSALS = {
    "quality": QUALITY,
    "turned": Code("111209", "DCM", "Positioning"),
    "inverted": Code("111219", "DCM", "Inappropriate image processing"),
    "modality": Code("MODALITY", SCHEME, "Modality outside the intended use"),
    "body part": Code("BODY_PART", SCHEME, "Body part outside the intended use"),
    "view": Code("VIEW", SCHEME, "View outside the intended use"),
    "age": Code("AGE", SCHEME, "Age outside the intended use"),
    "no frontal chest X-ray": Code("NO_CHEST", SCHEME, "Does not look like a frontal chest X-ray"),
}
"""By what the gate's objection is about."""

ASSESSED = Code("AI_RESULT", SCHEME, "Assessed AI result")
VERDICT = Code("VERDICT", SCHEME, "Reader's assessment of the AI result")
VERDICTS = {
    "agrees": Code("AGREES", SCHEME, "The reader agrees with the AI result"),
    "changes": Code("CHANGES", SCHEME, "The reader changes the AI result"),
    "rejects": Code("REJECTS", SCHEME, "The reader rejects the AI result"),
}
WHY_DIFFERENT = Code("WHY_DIFFERENT", SCHEME, "Reason for differing from the AI result")
MARKED = Code("MARKED", SCHEME, "Marked by the reader as wrong or missed")


def reason(why: Reason) -> Code:
    """Why a reader differs, as a code of ours."""
    return Code(why.name, SCHEME, str(why.value))
