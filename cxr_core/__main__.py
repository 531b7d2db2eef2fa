"""python -m cxr_core: the command line. 0 done, 1 failed (one line says what), 2 a wrong call."""

from __future__ import annotations

import argparse
import importlib
import re
import sqlite3
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from cxr_core import logs
from cxr_core.errors import CxrError
from cxr_core.model.recipe import RELEASE
from cxr_core.plain import plain
from cxr_core.records import Answer, Label, Proof, Release, Role
from cxr_core.settings import load


def parser() -> argparse.ArgumentParser:
    """Every command with its options. A command names the function that runs it; only that one is imported."""
    top = argparse.ArgumentParser(prog="python -m cxr_core", description="CXR Second Reader")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _judging(commands)
    _running(commands)
    _people(commands)
    _auditing(commands)
    _learning(commands)
    _exchanging(commands)
    _keeping(commands)
    return top


def _command(commands: argparse._SubParsersAction, name: str, run: str, words: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=words, description=words)
    command.set_defaults(run=run)
    return command


def _judging(commands: argparse._SubParsersAction) -> None:
    predict = _command(commands, "predict", "judging.run_predict", "the model's opinion on X-rays, a JSON line each")
    predict.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    predict.add_argument("--heatmaps", type=Path, metavar="DIR", help="write a heatmap PNG for each opinion")
    predict.add_argument("--model", metavar="NAME", help="a version of the home, or a .safetensors file")
    evaluate = _command(
        commands, "evaluate", "judging.run_evaluate", "how good the model is on DIR/NORMAL, DIR/PNEUMONIA"
    )
    evaluate.add_argument("folder", type=Path, metavar="DIR")
    evaluate.add_argument("--side", choices=("train", "validation", "calibration", "locked"))
    evaluate.add_argument("--model", metavar="NAME", help="a version of the home, or a .safetensors file")
    deidentify = _command(commands, "deidentify", "judging.run_deidentify", "de-identified copies of X-rays")
    deidentify.add_argument("source", type=Path, metavar="SRC", help="a file, a folder or a zip")
    deidentify.add_argument("destination", type=Path, metavar="DST",
                            help="a folder, made if need be; or NAME.dcm for the copy of one file")  # fmt: skip


def _running(commands: argparse._SubParsersAction) -> None:
    take = _command(commands, "import", "running.run_import", "take X-rays in: files, folders, zips")
    take.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    take.add_argument("--patient", help="whose PNG or JPEG files these are (keyed at once, not kept)")
    worker = _command(commands, "worker", "running.run_worker", "do what was asked for, until stopped")
    worker.add_argument("--lane", choices=("reading", "learning"), default="reading")
    worker.add_argument("--starter", type=int, metavar="PID", help="end when this parent process is gone")
    migrate = _command(commands, "migrate", "updating.run_migrate", "make the home, or bring its database up to date")
    migrate.add_argument("--try", dest="trial", action="store_true", help="on a copy, and say what it would do")
    downgrade = _command(commands, "downgrade", "updating.run_downgrade", "what going back before an update would lose")
    downgrade.add_argument("--yes", action="store_true", help="go back: what was added since stays in a copy alone")
    _command(commands, "demo", "running.run_demo", "fill an empty home with synthetic studies")
    _command(commands, "verify", "running.run_verify", "check the audit chain, images and models against their hashes")
    lineage = _command(
        commands, "lineage", "tracing.run_lineage", "where an opinion comes from, or where a patient went"
    )
    lineage.add_argument("wanted", metavar="IMAGE|PATIENT|MODEL", help="a patient's own ID is keyed at once, not kept")
    erase = _command(commands, "erase", "tracing.run_erase", "what erasing a patient would remove; with --yes, erase")
    erase.add_argument(
        "patient", metavar="PATIENT", help="a pseudonym, its first 8 digits or more, or the patient's ID"
    )
    erase.add_argument("--reason", required=True, metavar="TEXT", help="kept with the tombstones: name nobody in it")
    erase.add_argument("--yes", action="store_true", help="erase: this can't be taken back")
    scan = _command(commands, "scan", "tracing.run_scan", "look for identifiers in all that the program has written")
    scan.add_argument("--identifiers", type=Path, metavar="FILE", help="what to look for, one on each line")
    scan.add_argument("--from", dest="originals", type=Path, metavar="SRC", help="look for what these DICOM files name")
    scan.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="exports, logs: the home is looked at anyway")
    drift = _command(commands, "drift", "watching.run_drift", "the signals of the drift page as JSON")
    drift.add_argument("--days", type=int, default=28)
    for kind, words in (("html", "a report that opens anywhere"), ("csv", "the signals week by week"),
                        ("prometheus", "metrics for node_exporter")):  # fmt: skip
        drift.add_argument(f"--{kind}", type=Path, metavar="FILE", help=f"write {words}, and print nothing")
    _command(
        commands, "notify-test", "watching.run_notify_test", "send a test where alarms are told, and say what came"
    )


def _people(commands: argparse._SubParsersAction) -> None:
    users = commands.add_parser("users", help="accounts").add_subparsers(dest="what", required=True, metavar="WHAT")
    for name, words in (
        ("add", "a new account; its password is asked for"),
        ("role", "give somebody another role"),
        ("disable", "let somebody sign in no more"),
        ("enable", "let somebody sign in again"),
        ("reset", "give somebody a new first password, and print it"),
        ("unlock", "let somebody try again at once who has mistyped too often"),
    ):
        command = _command(users, name, f"people.run_{name}", words)
        command.add_argument("name", metavar="NAME")
        if name in ("add", "role"):
            command.add_argument("--role", choices=[role.in_one_word for role in Role], required=True)
    _command(users, "list", "people.run_list", "everybody, a JSON line each")


def _auditing(commands: argparse._SubParsersAction) -> None:
    audit = commands.add_parser("audit", help="the audit log").add_subparsers(
        dest="what", required=True, metavar="WHAT"
    )
    _command(audit, "head", "auditing.run_head", "where the chain ends: keep it where nobody can change it")
    verify = _command(audit, "verify", "auditing.run_verify", "whether every row is what was written")
    verify.add_argument("--head", action="append", default=[], metavar='"NUMBER HASH"',
                        help="an earlier end of the chain, from a mail or a report (again for more)")  # fmt: skip
    verify.add_argument("--files", action="append", type=Path, default=[], metavar="DIR",
                        help="where files with rows that were cut off lie (again for more)")  # fmt: skip
    cut = _command(audit, "cut", "auditing.run_cut", "which rows are older; with --yes, into a file with them")
    cut.add_argument("--before", type=date.fromisoformat, required=True, metavar="YYYY-MM-DD")
    cut.add_argument("--to", type=Path, metavar="DIR", help="where the file goes (the home's folder audit)")
    cut.add_argument("--yes", action="store_true", help="cut: the rows are in the file alone from then on")


def _learning(commands: argparse._SubParsersAction) -> None:
    train = _command(commands, "train", "judging.run_train", "train a model on DIR/NORMAL and DIR/PNEUMONIA")
    train.add_argument("folders", nargs="+", type=Path, metavar="DIR")
    train.add_argument("--out", type=Path, required=True, metavar="FILE", help="weights; card and split lie beside it")
    train.add_argument("--base", default="none", metavar="none|imagenet|FILE", help="where the weights start from")
    train.add_argument("--stages", nargs="+", type=_stage, metavar="SIZExEPOCHS",
                       help="plain training, at that size for so many epochs, in place of the release's")  # fmt: skip
    train.add_argument("--learning-rate", type=float, default=RELEASE.learning_rate)
    train.add_argument("--seed", type=int, default=RELEASE.seed)
    retrain = _command(commands, "retrain", "running.run_retrain", "fine-tune on what readers flagged")
    retrain.add_argument("--by", metavar="NAME", help="the admin who asks for it (the only one, if there is one)")
    retrain.add_argument("--trained", choices=("head", "last block", "all"), default="head")
    retrain.add_argument("--epochs", type=int, default=10)
    retrain.add_argument("--learning-rate", type=float, default=0.001)
    retrain.add_argument("--replay", type=int, default=4)
    retrain.add_argument("--refused-for", action="append", default=[], metavar="KIND",
                         help="also learn from X-rays refused for this alone (again for more)")  # fmt: skip
    retrain.add_argument("--dry-run", action="store_true", help="only say what would be trained, and what is missing")
    exported = _command(commands, "export-set", "running.run_export_set", "write a training set out, for other tools")
    exported.add_argument("training_set", help="its name, or the first characters of it")
    exported.add_argument("folder", type=Path, help="an empty folder, or one to be made")


def _keeping(commands: argparse._SubParsersAction) -> None:
    backup = _command(commands, "backup", "keeping.run_backup", "back the home up, while everything runs")
    backup.add_argument("folder", type=Path, metavar="DIR", help="outside of the home; each backup copies what is new")
    backup.add_argument("--keep", type=_count, metavar="N", help="remove all backups but the newest N afterwards")
    restore = _command(commands, "restore", "keeping.run_restore", "bring a backup back into an empty home")
    restore.add_argument("folder", type=Path, metavar="DIR")
    restore.add_argument("--snapshot", metavar="NAME", help="which one; the newest if none is named")

    retention = _command(commands, "retention", "keeping.run_retention", "what is older than the site keeps it")
    retention.add_argument("--yes", action="store_true", help="let it go: this can't be taken back")


def _count(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,5}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of backups: say 1 or more")
    return int(text)


def _exchanging(commands: argparse._SubParsersAction) -> None:
    _command(commands, "listen", "exchanging.run_listen", "receive X-rays over DICOM, until stopped")
    pacs = commands.add_parser("pacs", help="the hospital's network: who may send, where answers go")
    what = pacs.add_subparsers(dest="what", required=True, metavar="WHAT")
    key = _command(what, "key", "exchanging.run_key", "make the key that seals what identifies")
    key.add_argument("file", type=Path, metavar="FILE", help="the private key goes there: outside of the home")
    let = _command(what, "let", "exchanging.run_let", "let one send X-rays in")
    let.add_argument("name", metavar="NAME")
    let.add_argument("--network", required=True, metavar="ADDRESS", help="its address, or network: 10.1.0.0/16")
    let.add_argument("--ae-title", metavar="AE", help="without one it sends by STOW-RS, with a token that is printed")
    let.add_argument("--certificate", metavar="SHA256", help="the one that it must show")
    gone = _command(what, "let-no-more", "exchanging.run_let_no_more", "let one send no more")
    gone.add_argument("name", metavar="NAME")
    for name, run, words, proof in (
        ("to", "exchanging.run_to", "add a destination of answers", Proof.QUERY.value),
        (
            "to-elsewhere",
            "exchanging.run_change",
            "change where a destination is; its rules stay",
            None,
        ),
    ):
        to = _command(what, name, run, words)
        to.add_argument("name", metavar="NAME")
        to.add_argument("address", metavar="AE@HOST:PORT|URL", help="DICOM, or the root of a DICOMweb server")
        to.add_argument("--tls", action="store_true", help="DICOM over TLS, with the files that CXR_TLS_… name")
        _signing_in(to)
        to.add_argument("--proof", choices=[each.value for each in Proof], default=proof)
    away = _command(what, "to-no-more", "exchanging.run_to_no_more", "remove a destination, and its rules")
    away.add_argument("name", metavar="NAME")
    _command(what, "echo", "exchanging.run_echo", "whether a destination answers").add_argument("name", metavar="NAME")
    _rules(what)
    _fetching(what)
    _command(what, "status", "exchanging.run_status", "who may send, where answers go, and by which rules")
    ledger = _command(what, "ledger", "exchanging.run_ledger", "what became of each answer, newest first")
    ledger.add_argument("--last", type=int, default=100, metavar="N")
    again = _command(what, "again", "exchanging.run_again", "send dead deliveries again")
    again.add_argument("deliveries", nargs="+", type=int, metavar="NUMBER")


def _signing_in(command: argparse.ArgumentParser) -> None:
    command.add_argument("--user", default="", help="at a DICOMweb server, with --password-file")
    command.add_argument("--password-file", default="", metavar="NAME", help="a file in the folder of CXR_SECRETS")
    command.add_argument("--token-file", default="", metavar="NAME", help="one with a bearer token, in their place")
    command.add_argument("--unencrypted", action="store_true", help="a DICOMweb server may be spoken to by http")


def _fetching(what: argparse._SubParsersAction) -> None:
    source = _command(what, "from", "pulling.run_from", "add an archive that is asked for X-rays")
    source.add_argument("name", metavar="NAME")
    source.add_argument("url", metavar="URL", help="the root of a DICOMweb server")
    _signing_in(source)
    for name, run, words in (
        ("query", "pulling.run_query", "what an archive has, a JSON line each: it tells who the patients are"),
        ("fetch", "pulling.run_fetch", "fetch what an archive has"),
    ):
        command = _command(what, name, run, words)
        command.add_argument("name", metavar="NAME")
        _question(command)
        command.add_argument(
            "--since", type=date.fromisoformat, metavar="YYYY-MM-DD", help="taken on that day or later"
        )
        command.add_argument("--until", type=date.fromisoformat, metavar="YYYY-MM-DD", help="or earlier")
        command.add_argument("--patient", default="", metavar="ID", help="the patient's ID, to the letter")
    every = _command(what, "every", "pulling.run_every", "fetch what is new at an archive by itself")
    every.add_argument("name", metavar="NAME")
    every.add_argument("minutes", type=int, metavar="MINUTES")
    _question(every)
    every.add_argument("--days", type=int, default=2, metavar="N", help="how far back it is asked (2)")
    for name, run, words in (
        ("every-no-more", "pulling.run_every_no_more", "fetch nothing there by itself any more"),
        ("from-no-more", "pulling.run_from_no_more", "remove an archive that is asked"),
    ):
        _command(what, name, run, words).add_argument("name", metavar="NAME")


def _question(command: argparse.ArgumentParser) -> None:
    command.add_argument("--modality", nargs="+", choices=("CR", "DX"), default=["CR", "DX"])
    command.add_argument("--station", default="", metavar="NAME", help="the station that took them, to the letter")


def _rules(what: argparse._SubParsersAction) -> None:
    rule = _command(what, "rule", "exchanging.run_rule", "send answers to a destination")
    rule.add_argument("destination", metavar="NAME")
    rule.add_argument("--answers", nargs="+", choices=[kind.value for kind in Answer],
                      default=[Answer.CAPTURE.value, Answer.REPORT.value])  # fmt: skip
    rule.add_argument("--release", choices=[release.value for release in Release], default=Release.AS_READ.value)
    rule.add_argument("--sender", metavar="NAME", help="only what came from this one")
    rule.add_argument("--modality", choices=("CR", "DX", "OT"))
    rule.add_argument("--device", metavar="PSEUDONYM")
    rule.add_argument("--label", choices=[label.value for label in Label])
    rule.add_argument("--hours", type=_hours, metavar="FROM-TO", help="of arrival, like 18-7")
    rule.add_argument("--dry-run", type=int, metavar="DAYS", help="only say what it would have done in the last days")
    gone = _command(what, "rule-no-more", "exchanging.run_rule_no_more", "remove a rule")
    gone.add_argument("number", type=int, metavar="NUMBER")


def _hours(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,2})-(\d{1,2})", text)
    if not found or int(found[1]) > 23 or not 1 <= int(found[2]) <= 24 or found[1] == found[2]:
        raise argparse.ArgumentTypeError(f"{text!r} is no span of hours: say one like 18-7")
    return int(found[1]), int(found[2])


def _stage(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,4})x(\d{1,4})", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not a stage: say a size in pixels and epochs, like 224x4")
    return int(found.group(1)), int(found.group(2))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command (those of the process where no `arguments` are given) and return the exit status."""
    options = parser().parse_args(arguments)
    try:
        settings = load()
        logs.begin(settings.log, " ".join((options.command, getattr(options, "lane", ""))).strip())
        module, function = options.run.split(".")
        return int(getattr(importlib.import_module(f"cxr_core.commands.{module}"), function)(settings, options))
    except (CxrError, OSError, sqlite3.Error) as error:
        _last_words(f"cxr_core {options.command}: {plain(str(error))}")
        return 1
    except KeyboardInterrupt:
        return 130


def _last_words(why: str) -> None:
    if logs.is_json():
        logs.log.error("%s", why)
    else:
        print(why, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
