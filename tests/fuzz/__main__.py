"""`make fuzz ARGS="--minutes 10 TARGET"`: one target after another, guided by coverage, and a line about each.

What was found interesting is kept in build/fuzz/TARGET and is where the next run begins. A crash, an input that takes
over HANG_S, or more than MEMORY_MB leaves the input beside it; exit code 1 then.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
from pathlib import Path

from tests.fuzz.targets import TARGETS
from tests.needs import ROOT

HANG_S = 10
MEMORY_MB = 1024
INPUT_BYTES_MAX = 8192
FOLDER = ROOT / "build" / "fuzz"
STATUS = re.compile(r"#(\d+)\s+(?:DONE|pulse|RELOAD|INITED|NEW|REDUCE)\s+cov: (\d+).*?corp: (\d+).*?rss: (\d+)Mb")


def main(arguments: list[str]) -> int:
    """Fuzz the named targets, or all; return 1 when one of them failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--minutes", type=float, default=1.0, help="for each target (1)")
    parser.add_argument("--seed", type=int, default=0, help="0: another each time")
    asked = parser.parse_args(arguments)
    unknown = [name for name in asked.targets if name not in TARGETS]
    if unknown:
        parser.error(f"no such target: {unknown[0]}; there are {', '.join(TARGETS)}")
    failed = [name for name in asked.targets or TARGETS if not fuzz(name, asked.minutes, asked.seed)]
    if failed:
        print(f"failed: {', '.join(failed)}; what did it lies in {FOLDER}")
    return int(bool(failed))


def fuzz(name: str, minutes: float, seed: int) -> bool:
    """Fuzz one target and tell how it went; return whether it held."""
    folder = FOLDER / name
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for right in TARGETS[name][1]():
        (corpus / hashlib.sha256(right).hexdigest()[:16]).write_bytes(right)
    options = [
        f"-max_total_time={max(1, round(minutes * 60))}", f"-timeout={HANG_S}", f"-rss_limit_mb={MEMORY_MB}",
        f"-max_len={INPUT_BYTES_MAX}", f"-artifact_prefix={folder}/", f"-seed={seed}", "-print_final_stats=1",
    ]  # fmt: skip
    log = folder / "log"
    with log.open("w") as written:
        command = [sys.executable, "-m", "tests.fuzz.child", name, *options, str(corpus)]
        done = subprocess.run(command, cwd=ROOT, stdout=written, stderr=subprocess.STDOUT, check=False)
    print(f"{name:10}{_told(log)}, {'held' if done.returncode == 0 else f'FAILED, see {log}'}", flush=True)
    return done.returncode == 0


def _told(log: Path) -> str:
    found = STATUS.findall(log.read_text(errors="replace"))
    if not found:
        return "nothing ran"
    runs, covered, kept, memory_mb = found[-1]
    return f"{int(runs):>10} inputs, {covered:>5} branches, {kept:>5} kept, {memory_mb:>4} MB"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
