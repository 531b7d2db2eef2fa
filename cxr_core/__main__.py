"""python -m cxr_core: the command line. 0 done, 1 failed (one line says what), 2 a wrong call."""

from __future__ import annotations

import argparse
import importlib
import logging
import re
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

from cxr_core.errors import CxrError
from cxr_core.model.recipe import RELEASE
from cxr_core.settings import load


def parser() -> argparse.ArgumentParser:
    """Every command with its options. A command names the function that runs it; only that one is imported."""
    top = argparse.ArgumentParser(prog="python -m cxr_core", description="CXR Second Reader")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _judging(commands)
    _running(commands)
    _learning(commands)
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
    _command(commands, "migrate", "running.run_migrate", "make the home, or bring its database up to date")
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
    drift = _command(commands, "drift", "watching.run_drift", "the signals of the drift page as JSON")
    drift.add_argument("--days", type=int, default=28)
    for kind, words in (("html", "a report that opens anywhere"), ("csv", "the signals week by week"),
                        ("prometheus", "metrics for node_exporter")):  # fmt: skip
        drift.add_argument(f"--{kind}", type=Path, metavar="FILE", help=f"write {words}, and print nothing")
    _command(
        commands, "notify-test", "watching.run_notify_test", "send a test where alarms are told, and say what came"
    )
    users = commands.add_parser("users", help="accounts").add_subparsers(dest="what", required=True, metavar="add")
    add = _command(users, "add", "running.run_users_add", "a new account; its password is asked for")
    add.add_argument("name", metavar="NAME")
    add.add_argument("--role", choices=("radiologist", "admin"), required=True)


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


def _stage(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,4})x(\d{1,4})", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not a stage: say a size in pixels and epochs, like 224x4")
    return int(found.group(1)), int(found.group(2))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command (those of the process where no `arguments` are given) and return the exit status."""
    options = parser().parse_args(arguments)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("cxr_core").setLevel(logging.INFO)  # libraries would tell what stands in headers
    try:
        module, function = options.run.split(".")
        return int(getattr(importlib.import_module(f"cxr_core.commands.{module}"), function)(load(), options))
    except (CxrError, OSError, sqlite3.Error) as error:
        print(f"cxr_core {options.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
