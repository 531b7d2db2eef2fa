"""What an admin says of the hospital's network: who may send, where answers go, and by which rules."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from cxr_core import clock
from cxr_core.errors import BadInput
from cxr_core.pacs.web.endpoint import WebEndpoint
from cxr_core.records import Answer, Proof, User
from cxr_core.store import arrivals, audit, deliveries, destinations, senders
from cxr_core.store.db import opened, transaction
from cxr_core.store.deliveries import Delivery
from cxr_core.store.destinations import Destination, Rule
from cxr_core.store.senders import Sender
from cxr_core.work.guarding import NETWORK, NETWORK_SEEN, open_to
from cxr_core.work.hospital import answering
from cxr_core.work.hospital.credentials import bare_name

LONGEST_NAME = 64
LONGEST_TRIAL_DAYS = 36_500


@dataclass(frozen=True)
class DryRun:
    """What a rule would have done with what came before."""

    came: int
    """Arrivals that it was tried on."""
    fitted: int
    leaves: dict[Answer, int]
    """How many answers of each kind would leave now."""
    waits: int
    """Arrivals whose answers wait for a read, or never leave."""


@dataclass(frozen=True)
class WebAddress:
    """A DICOMweb server, and how to sign in there: by user and password, by token, or not at all."""

    url: str
    user: str = ""
    password_file: str = ""
    """The name of a file in the folder of CXR_SECRETS; so is the next."""
    token_file: str = ""
    unencrypted: bool = False
    """Whether X-rays may go there for all on the network to read."""

    def as_dict(self) -> dict[str, Any]:
        """As stored. Raises BadInput where a file isn't told by its name alone."""
        told = {"password_file": bare_name(self.password_file), "token_file": bare_name(self.token_file)}
        files = {field: name for field, name in told.items() if name}
        return {"url": self.url.rstrip("/"), "user": self.user, "unencrypted": self.unencrypted, **files}


@open_to(*NETWORK)
def add_sender(
    home: Path, user: User, name: str, network: str, calling: str | None = None, certificate: str | None = None
) -> str | None:
    """Let one more send: over DICOM by its AE title, else by STOW-RS with the token that is returned, and kept nowhere.

    Raises BadInput for a name, network, AE title or certificate that can't be one, Conflict where the name is taken.
    """
    fingerprint = _fingerprint(certificate)
    if fingerprint and not calling:
        raise BadInput("a certificate is asked of one that calls by an AE title: say the title, too; else a token is")
    token = None if calling else secrets.token_urlsafe(32)
    with opened(home) as db, transaction(db):
        senders.add(db, checked_name(name), _network(network), calling and _ae_title(calling), fingerprint, token)
        audit.record(db, user.name, "let send", name, network=network, calling=calling)
    return token


@open_to(*NETWORK)
def remove_sender(home: Path, user: User, name: str) -> None:
    """Let one send no more. Raises NotFound."""
    with opened(home) as db, transaction(db):
        senders.remove(db, name)
        audit.record(db, user.name, "let send no more", name)


@open_to(*NETWORK_SEEN)
def all_senders(home: Path, user: User) -> list[Sender]:
    """Who may send."""
    with opened(home) as db:
        return senders.allowed(db)


@open_to(*NETWORK)
def add_dicom(home: Path, user: User, name: str, address: str, tls: bool, proof: Proof) -> None:
    """Add a destination that speaks DICOM at `AE@host:port`. Raises BadInput, Conflict where the name is taken."""
    _add(home, user, name, "dicom", _dicom(address, tls), proof)


@open_to(*NETWORK)
def add_stow(home: Path, user: User, name: str, web: WebAddress, proof: Proof) -> None:
    """Add a destination that takes STOW-RS.

    Raises as `add_dicom`, BadInput for a file told by more than its name, SettingsError for an address that can't be.
    """
    _add(home, user, name, "stow", _stow(web, proof), proof)


@open_to(*NETWORK)
def change_dicom(home: Path, user: User, name: str, address: str, tls: bool, proof: Proof) -> None:
    """A destination is at another address, or is asked for another proof: its rules stay, and what waits goes there.

    Raises BadInput as `add_dicom`, NotFound.
    """
    _change(home, user, name, "dicom", _dicom(address, tls), proof)


@open_to(*NETWORK)
def change_stow(home: Path, user: User, name: str, web: WebAddress, proof: Proof) -> None:
    """As `change_dicom`, over DICOMweb. Raises as `add_stow`, NotFound."""
    _change(home, user, name, "stow", _stow(web, proof), proof)


def _dicom(address: str, tls: bool) -> dict[str, Any]:
    found = re.fullmatch(r"([^@]+)@([A-Za-z0-9.:_-]+):([0-9]{1,5})", address)
    if not found or not 0 < int(found[3]) < 65_536:
        raise BadInput(f"{address} is no DICOM address: say AE@host:port, like PACS@10.1.2.3:104")
    return {"called": _ae_title(found[1]), "host": found[2], "port": int(found[3]), "tls": tls}


def _stow(web: WebAddress, proof: Proof) -> dict[str, Any]:
    if proof is Proof.COMMITMENT:
        raise BadInput("storage commitment isn't spoken over DICOMweb: choose query, or none")
    WebEndpoint(**web.as_dict())
    return web.as_dict()


def _add(home: Path, user: User, name: str, kind: str, address: dict[str, Any], proof: Proof) -> None:
    with opened(home) as db, transaction(db):
        destinations.add(db, checked_name(name), kind, address, proof)
        audit.record(db, user.name, "add destination", name, kind=kind, proof=proof.value)


def _change(home: Path, user: User, name: str, kind: str, address: dict[str, Any], proof: Proof) -> None:
    with opened(home) as db, transaction(db):
        destinations.change(db, destinations.named(db, name).id, kind, address, proof)
        audit.record(db, user.name, "change destination", name, kind=kind, proof=proof.value)


@open_to(*NETWORK_SEEN)
def all_destinations(home: Path, user: User) -> list[Destination]:
    """Where answers go."""
    with opened(home) as db:
        return destinations.in_use(db)


@open_to(*NETWORK)
def remove_destination(home: Path, user: User, name: str) -> None:
    """Send nothing there any more; its rules go with it. Raises NotFound."""
    with opened(home) as db, transaction(db):
        destinations.remove(db, destinations.named(db, name))
        audit.record(db, user.name, "remove destination", name)


@open_to(*NETWORK)
def hold(home: Path, user: User, name: str, because: str) -> None:
    """Send nothing there for now; what is to go there waits. Raises NotFound, BadInput without a reason."""
    if not because.strip():
        raise BadInput("say why nothing should be sent there")
    with opened(home) as db, transaction(db):
        destinations.hold(db, destinations.named(db, name).id, because.strip())
        audit.record(db, user.name, "hold destination", name, reason=because.strip())


@open_to(*NETWORK)
def go_on(home: Path, user: User, name: str) -> None:
    """Send there again. Raises NotFound."""
    with opened(home) as db, transaction(db):
        destinations.go_on(db, destinations.named(db, name).id)
        audit.record(db, user.name, "go on with destination", name)


@open_to(*NETWORK)
def add_rule(home: Path, user: User, rule: Rule) -> int:
    """Add a rule and return its number; it holds for what comes from now on. Raises BadInput without any answer."""
    if not rule.answers:
        raise BadInput("choose what the rule sends: at least one kind of answer")
    with opened(home) as db, transaction(db):
        number = destinations.add_rule(db, rule)
        audit.record(db, user.name, "add rule", str(number), destination=rule.destination, release=rule.release.value)
    return number


@open_to(*NETWORK)
def remove_rule(home: Path, user: User, rule: int) -> None:
    """A rule holds no more. Raises NotFound."""
    with opened(home) as db, transaction(db):
        destinations.remove_rule(db, rule)
        audit.record(db, user.name, "remove rule", str(rule))


@open_to(*NETWORK_SEEN)
def all_rules(home: Path, user: User) -> list[Rule]:
    """The rules that hold, oldest first."""
    with opened(home) as db:
        return destinations.rules(db)


@open_to(*NETWORK_SEEN)
def dry_run(home: Path, user: User, rule: Rule, days: int) -> DryRun:
    """What a rule would do with what came in the last days; nothing is sent, and nothing kept.

    Raises BadInput for days that can't be counted back.
    """
    if not 1 <= days <= LONGEST_TRIAL_DAYS:
        raise BadInput(f"a rule is tried on the last 1 to {LONGEST_TRIAL_DAYS} days")
    with opened(home) as db:
        found = [answering.known_of(db, arrival) for arrival in arrivals.since(db, clock.ago(days=days))]
        fitting = [known for known in found if answering.fits(rule, known)]
        leaving = [known for known in fitting if answering.may_leave(rule, known, Answer.REPORT)]
        sent = [kind for known in leaving for kind in answering.kinds(rule, known)]
    return DryRun(
        len(found),
        len(fitting),
        {kind: sent.count(kind) for kind in Answer if kind in sent},
        len(fitting) - len(leaving),
    )


@open_to(*NETWORK_SEEN)
def ledger(home: Path, user: User, limit: int = 100) -> list[Delivery]:
    """The last deliveries, newest first."""
    with opened(home) as db:
        return deliveries.newest(db, limit)


@open_to(*NETWORK)
def send_again(home: Path, user: User, numbers: Sequence[int]) -> int:
    """Queue dead deliveries anew; returns how many were dead."""
    with opened(home) as db, transaction(db):
        revived = deliveries.revive(db, numbers)
        audit.record(db, user.name, "send again", f"{revived} deliveries")
    return revived


def checked_name(text: str) -> str:
    """A name without blanks around it. Raises BadInput for what can't be one."""
    name = text.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadInput(f"a name has 1 to {LONGEST_NAME} printable characters")
    return name


def _network(text: str) -> str:
    try:
        return str(ip_network(text.strip(), strict=False))
    except ValueError as error:
        raise BadInput(f"{text} is no address or network: say one like 10.1.2.3, or 10.1.0.0/16") from error


def _ae_title(text: str) -> str:
    title = text.strip()
    if not re.fullmatch(r"[ -\[\]-~]{1,16}", title):
        raise BadInput(f"{text!r} is no AE title: 1 to 16 characters, no backslash")
    return title


def _fingerprint(text: str | None) -> str | None:
    if not text:
        return None
    digits = text.replace(":", "").lower()
    if not re.fullmatch(r"[0-9a-f]{64}", digits):
        raise BadInput("a certificate is named by its SHA-256: 64 hex digits")
    return digits
