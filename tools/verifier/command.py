"""`siteward verify FILE... --key KEY`: exit code 0 when all is proven, 1 with faults, 2 when misused."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from tools.console import Progress
from tools.errors import UsageError
from tools.keys import load_trusted
from tools.strict import NotStrict
from tools.verifier.faults import Fault
from tools.verifier.pagefile import page_files, pieces
from tools.verifier.report import as_json, as_text
from tools.verifier.verifier import Verifier

GOOD, FAULTY = 0, 1
PROGRESS_EVERY = 200


def run(arguments: argparse.Namespace) -> int:
    """Verify the files and print the report. Raises: UsageError."""
    keys = [key for named in arguments.key for key in load_trusted(named)]
    verifier = Verifier(keys, _hashes(arguments.after), _hashes(arguments.last_page))
    files = [file for named in arguments.files for file in page_files(named)]
    verify_files(verifier, files)
    report = verifier.report()
    if arguments.json:
        print(json.dumps(as_json(report, len(files)), indent=2))
    else:
        print(as_text(report, len(files)))
    return GOOD if report.ok else FAULTY


def verify_files(verifier: Verifier, files: list[Path]) -> None:
    """Feed every page of the files to the verifier. Raises: UsageError when a file cannot be read."""
    progress = Progress(PROGRESS_EVERY)
    for count, (file, offset, piece) in enumerate(_all_pieces(files), 1):
        place = f"{file} byte {offset}"
        if isinstance(piece, NotStrict):
            verifier.note(Fault(piece.fault, piece.detail, place=place))
        else:
            verifier.add(piece, place)
        progress.step(f"{count} pages, {file.name} at {offset // 1024} KiB")
    progress.close()


def _all_pieces(files: list[Path]) -> Iterator[tuple[Path, int, bytes | NotStrict]]:
    for path in files:
        try:
            with path.open("rb") as file:
                for offset, piece in pieces(file):
                    yield path, offset, piece
        except OSError as error:
            raise UsageError(f"cannot read {path}: {error.strerror}") from error


def _hashes(given: list[str]) -> list[bytes]:
    found = []
    for text in given:
        try:
            page_hash = bytes.fromhex(text)
        except ValueError:
            page_hash = b""
        if len(page_hash) != 32:
            raise UsageError(f"{text[:80]} is no page hash: expected 64 hex digits")
        found.append(page_hash)
    return found
