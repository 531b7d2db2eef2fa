"""An archive that answers are sent to, whichever way it is spoken to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from cxr_core.errors import DeliveryError, SettingsError
from cxr_core.pacs import proof, sender
from cxr_core.pacs.calling import Endpoint
from cxr_core.pacs.commitment import Commitment
from cxr_core.pacs.outcome import Outcome
from cxr_core.pacs.tls import Tls
from cxr_core.pacs.web import finding, storing
from cxr_core.pacs.web.endpoint import WebEndpoint
from cxr_core.settings import Settings
from cxr_core.store.destinations import Destination
from cxr_core.work.hospital.composing import Name
from cxr_core.work.hospital.credentials import file_called

PATIENCE_SECONDS = 30.0
"""For each answer of an archive."""
EXCHANGE_ANSWERS = 10
"""Times that patience which all of one exchange over DICOMweb may take."""
COMMITMENT_SECONDS = 5.0
"""For a storage commitment on the association that asked for it; later it comes to the listener."""
TO_THE_LISTENER_SECONDS = 0.5
"""The same where one listens: most archives report there, and what waits for delivery shouldn't wait for that."""


class Archive(Protocol):
    """What can be asked of an archive. All but `store` raise DeliveryError where it can't be asked."""

    def echo(self) -> None:
        """Return where it answers."""

    def store(self, objects: Sequence[bytes]) -> list[Outcome]:
        """Send DICOM files, and say what came of each."""

    def has(self, name: Name) -> bool:
        """Whether it has an object."""

    def commit(self, names: Sequence[Name], transaction_uid: str, wait: float) -> Commitment | None:
        """Ask it to take the responsibility for objects; its answer, if that comes within `wait` seconds."""


@dataclass(frozen=True)
class DicomArchive:
    """One that speaks DICOM."""

    endpoint: Endpoint

    def echo(self) -> None:
        """C-ECHO."""
        sender.echo(self.endpoint)

    def store(self, objects: Sequence[bytes]) -> list[Outcome]:
        """C-STORE, over one association."""
        return sender.store(self.endpoint, objects)

    def has(self, name: Name) -> bool:
        """C-FIND at the level of images."""
        return name.instance in proof.present(self.endpoint, name.study, name.series, [name.instance])

    def commit(self, names: Sequence[Name], transaction_uid: str, wait: float) -> Commitment | None:
        """Storage Commitment Push Model, N-ACTION."""
        objects = [(name.sop_class, name.instance) for name in names]
        return proof.ask_commitment(self.endpoint, objects, transaction_uid, wait)


@dataclass(frozen=True)
class WebArchive:
    """One that speaks DICOMweb."""

    endpoint: WebEndpoint

    def echo(self) -> None:
        """A QIDO-RS query for one study."""
        finding.echo(self.endpoint)

    def store(self, objects: Sequence[bytes]) -> list[Outcome]:
        """STOW-RS, in one request."""
        return storing.store(self.endpoint, objects)

    def has(self, name: Name) -> bool:
        """QIDO-RS for instances."""
        return name.instance in finding.present(self.endpoint, name.study, name.series, {name.instance})

    def commit(self, names: Sequence[Name], transaction_uid: str, wait: float) -> Commitment | None:
        """DICOMweb has none that this program speaks. Raises DeliveryError."""
        raise DeliveryError("storage commitment isn't spoken over DICOMweb: choose query as its proof")


def archive_of(settings: Settings, destination: Destination, patience: float = PATIENCE_SECONDS) -> Archive:
    """The archive at a destination. Raises SettingsError where it wants TLS, or a file, and that isn't set.

    `patience` is in seconds, for each of its answers.
    """
    address = destination.address
    if destination.kind == "stow":
        return WebArchive(
            replace(web_endpoint(settings, address), patience=patience, deadline=EXCHANGE_ANSWERS * patience)
        )
    tls = _tls(settings, destination.name) if address["tls"] else None
    return DicomArchive(Endpoint(address["host"], address["port"], address["called"], settings.ae_title, tls, patience))


def web_endpoint(settings: Settings, address: dict[str, Any]) -> WebEndpoint:
    """The DICOMweb server at an address as it is stored. Raises SettingsError for a file where none may be."""
    names = {field: address[field] for field in ("password_file", "token_file") if address.get(field)}
    files = {field: file_called(settings, name) for field, name in names.items()}
    return WebEndpoint(**{**address, **files})


def own_tls(settings: Settings) -> Tls | None:
    """The files that this program shows and trusts on the DICOM network, if they are set."""
    if not (settings.tls_certificate and settings.tls_key and settings.tls_authority):
        return None
    return Tls(settings.tls_certificate, settings.tls_key, settings.tls_authority)


def _tls(settings: Settings, name: str) -> Tls:
    found = own_tls(settings)
    if found is None:
        raise SettingsError(f"{name} wants TLS: say CXR_TLS_CERTIFICATE, CXR_TLS_KEY and CXR_TLS_AUTHORITY")
    return found
