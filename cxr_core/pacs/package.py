"""A DICOM file as what goes over the network: its data set, and the presentation contexts that it may go in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO

from pydicom import dcmread
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_dataset, read_preamble
from pydicom.tag import BaseTag
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian
from pynetdicom.dsutils import encode
from pynetdicom.presentation import PresentationContext, build_context

from cxr_core.errors import BadInput
from cxr_core.pacs.contexts import PLAIN


@dataclass(frozen=True)
class Package:
    """One object as it is sent."""

    sop_class: UID
    sop_instance: UID
    transfer_syntax: UID
    file: bytes
    offset: int
    """Where in the file the data set begins."""

    def data_set(self, transfer_syntax: UID) -> bytes:
        """The bytes of the data set: as they are, or written anew in another transfer syntax without compression."""
        if transfer_syntax == self.transfer_syntax:
            return self.file[self.offset :]
        ds = dcmread(BytesIO(self.file))
        written = encode(ds, transfer_syntax.is_implicit_VR, transfer_syntax.is_little_endian)
        if written is None:
            raise BadInput(f"the object can't be written as {transfer_syntax.name}")
        return written


def packed(file: bytes) -> Package:
    """What the file meta information (PS3.10 7.1) says of a file. Raises BadInput where it isn't a DICOM file."""
    stream = BytesIO(file)
    try:
        read_preamble(stream, force=False)
        meta = read_dataset(stream, is_implicit_VR=False, is_little_endian=True, stop_when=_past_the_meta)
        found = [UID(meta[each].value) for each in ("MediaStorageSOPClassUID", "MediaStorageSOPInstanceUID")]
        return Package(found[0], found[1], UID(meta["TransferSyntaxUID"].value), file, stream.tell())
    except (InvalidDicomError, KeyError, EOFError) as error:
        raise BadInput("what is to be sent is no DICOM file with its file meta information") from error


def _past_the_meta(tag: BaseTag, vr: str | None, length: int) -> bool:
    return tag.group != 2


def proposed(packages: Iterable[Package]) -> list[PresentationContext]:
    """A context for each SOP class in each transfer syntax, so that none is the other node's to choose among."""
    pairs = {(each.sop_class, syntax): None for each in packages for syntax in _syntaxes(each.transfer_syntax)}
    return [build_context(sop_class, syntax) for sop_class, syntax in pairs]


def chosen(package: Package, accepted: Iterable[PresentationContext]) -> PresentationContext | None:
    """The accepted context for the object: in its own transfer syntax, else one that it can be put into."""
    there = {each.transfer_syntax[0]: each for each in accepted if each.abstract_syntax == package.sop_class}
    return next((there[syntax] for syntax in _syntaxes(package.transfer_syntax) if syntax in there), None)


def _syntaxes(own: UID) -> list[UID]:
    """Big endian stays what it is: turning it would mean to know what each of its bytes is."""
    others = PLAIN if own in (*PLAIN, DeflatedExplicitVRLittleEndian) else ()
    return [own, *(each for each in others if each != own)]
