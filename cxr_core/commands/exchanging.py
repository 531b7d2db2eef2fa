"""listen, pacs: the hospital's network."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict

from cxr_core.commands.output import result
from cxr_core.records import Answer, Label, Proof, Release
from cxr_core.settings import Settings
from cxr_core.store import destinations, senders
from cxr_core.store.db import opened
from cxr_core.store.destinations import Rule
from cxr_core.store.migrations import check
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import connecting, hailing, pulling
from cxr_core.work.hospital.connecting import WebAddress
from cxr_core.work.opening import open_home
from cxr_core.work.privacy import identity


def run_listen(settings: Settings, options: argparse.Namespace) -> int:
    """Receive over DICOM until stopped; one JSON line with the ports when it listens."""
    from cxr_core import listening

    open_home(settings.home)
    listening.run(settings, lambda ports: result({"ae_title": settings.ae_title, "ports": ports}))
    return 0


def run_key(settings: Settings, options: argparse.Namespace) -> int:
    """Make the site's key pair."""
    open_home(settings.home)
    result({"private_key": options.file, "public_key": identity.make_key(settings.home, COMMAND_LINE, options.file)})
    return 0


def run_let(settings: Settings, options: argparse.Namespace) -> int:
    """Let one send; the token of one that sends by STOW-RS is told once, here."""
    check(settings.home)
    token = connecting.add_sender(
        settings.home, COMMAND_LINE, options.name, options.network, options.ae_title, options.certificate
    )
    result({"sender": options.name, "token": token})
    return 0


def run_let_no_more(settings: Settings, options: argparse.Namespace) -> int:
    """Let one send no more."""
    check(settings.home)
    connecting.remove_sender(settings.home, COMMAND_LINE, options.name)
    result({"removed": options.name})
    return 0


def run_to(settings: Settings, options: argparse.Namespace) -> int:
    """Add a destination, over DICOM or DICOMweb."""
    check(settings.home)
    return _place(settings, options, Proof(options.proof), connecting.add_stow, connecting.add_dicom)


def run_change(settings: Settings, options: argparse.Namespace) -> int:
    """Change where a destination is and how one signs in there; its proof stays where no other is named."""
    check(settings.home)
    with opened(settings.home) as db:
        proof = Proof(options.proof or destinations.named(db, options.name).proof)
    return _place(settings, options, proof, connecting.change_stow, connecting.change_dicom)


def _place(
    settings: Settings, options: argparse.Namespace, proof: Proof, web: Callable[..., None], dicom: Callable[..., None]
) -> int:
    """Have a destination where its address says, by the use case for DICOMweb or the one for DICOM."""
    if options.address.startswith(("http://", "https://")):
        web(settings.home, COMMAND_LINE, options.name, web_address(options.address, options), proof)
    else:
        dicom(settings.home, COMMAND_LINE, options.name, options.address, options.tls, proof)
    result({"destination": options.name})
    return 0


def web_address(url: str, options: argparse.Namespace) -> WebAddress:
    """A DICOMweb server, with the options that say how to sign in there."""
    return WebAddress(url, options.user, options.password_file, options.token_file, options.unencrypted)


def run_to_no_more(settings: Settings, options: argparse.Namespace) -> int:
    """Remove a destination."""
    check(settings.home)
    connecting.remove_destination(settings.home, COMMAND_LINE, options.name)
    result({"removed": options.name})
    return 0


def run_echo(settings: Settings, options: argparse.Namespace) -> int:
    """Whether a destination answers, and after how many milliseconds."""
    check(settings.home)
    with opened(settings.home) as db:
        destination = destinations.named(db, options.name)
    result({"destination": options.name, "milliseconds": hailing.hail(settings, destination)})
    return 0


def run_rule(settings: Settings, options: argparse.Namespace) -> int:
    """Add a rule, or with --dry-run say what it would have done."""
    check(settings.home)
    rule = _rule(settings, options)
    if options.dry_run:
        result(asdict(connecting.dry_run(settings.home, COMMAND_LINE, rule, options.dry_run)))
    else:
        result({"rule": connecting.add_rule(settings.home, COMMAND_LINE, rule)})
    return 0


def run_rule_no_more(settings: Settings, options: argparse.Namespace) -> int:
    """Remove a rule."""
    check(settings.home)
    connecting.remove_rule(settings.home, COMMAND_LINE, options.number)
    result({"removed": options.number})
    return 0


def run_status(settings: Settings, options: argparse.Namespace) -> int:
    """All that is set, a JSON line each: senders, archives that are asked, destinations, rules."""
    check(settings.home)
    for sender in connecting.all_senders(settings.home, COMMAND_LINE):
        result({"sender": sender.name, "network": sender.network, "ae_title": sender.calling,
                "certificate": sender.certificate})  # fmt: skip
    asked_by_itself = {pull.source: asdict(pull) for pull in pulling.all_pulls(settings.home, COMMAND_LINE)}
    for source in pulling.all_sources(settings.home, COMMAND_LINE):
        result({"source": source.name, **(source.address or {}), "every": asked_by_itself.get(source.id)})
    for each in connecting.all_destinations(settings.home, COMMAND_LINE):
        result({"destination": each.name, "kind": each.kind, **each.address, "proof": each.proof,
                "held_because": each.held_because})  # fmt: skip
    for rule in connecting.all_rules(settings.home, COMMAND_LINE):
        result({"rule": rule.id, **asdict(rule)})
    return 0


def run_ledger(settings: Settings, options: argparse.Namespace) -> int:
    """The last deliveries, newest first, a JSON line each."""
    check(settings.home)
    with opened(settings.home) as db:
        names = destinations.names(db)
    for each in connecting.ledger(settings.home, COMMAND_LINE, options.last):
        result({"delivery": each.id, "arrival": each.arrival, "destination": names[each.destination],
                "answer": each.answer, "model": each.model, "state": each.state, "attempts": each.attempts,
                "said": each.said, "queued_at": each.queued_at, "verified_at": each.verified_at})  # fmt: skip
    return 0


def run_again(settings: Settings, options: argparse.Namespace) -> int:
    """Queue dead deliveries anew."""
    check(settings.home)
    result({"queued": connecting.send_again(settings.home, COMMAND_LINE, options.deliveries)})
    return 0


def _rule(settings: Settings, options: argparse.Namespace) -> Rule:
    with opened(settings.home) as db:
        destination = destinations.named(db, options.destination)
        sender = senders.named(db, options.sender).id if options.sender else None
    return Rule(
        destination.id, tuple(map(Answer, options.answers)), Release(options.release), sender, options.modality,
        options.device, Label(options.label) if options.label else None, options.hours,
    )  # fmt: skip
