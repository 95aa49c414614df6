"""Puts questions to the agent's codec and signer as they run on a board: one MicroPython process for a whole batch."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

from tests.needs import ROOT, needs_program
from tools.stage import StageError, stage

ANSWERER = Path(__file__).with_name("board_answers.py")
TIMEOUT_S = 120


def ask(questions: list[list[object]], heap: str = "1M") -> list[str]:
    """Return one answer a question; a question is a verb of board_answers.py and its arguments, bytes as hex."""
    micropython = needs_program("micropython")
    folder = ROOT / "build" / "board"
    try:
        stage(folder)
    except StageError as error:
        print(error)  # what this batch needs may have compiled all the same
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as batch:
        batch.writelines(json.dumps(question) + "\n" for question in questions)
        batch.flush()
        command = [micropython, "-X", f"heapsize={heap}", str(ANSWERER), str(folder), batch.name]
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-2000:]
    answers = done.stdout.splitlines()
    assert len(answers) == len(questions)
    return answers
