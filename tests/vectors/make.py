"""Write every vector: `python -m tests.vectors.make`. The same program gives the same bytes on every machine.

`files/NAME.pages` is the file to judge; `manifest.json` says of each vector what it shows, which keys are trusted and
every fault that a verifier must name: [name, agent in hex or "", record number or null].
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.vectors import (
    bad_chains,
    bad_deeds,
    bad_disclosures,
    bad_files,
    bad_keys,
    bad_pages,
    bad_records,
    bad_sales,
    good,
    good_proofs,
)
from tests.vectors.case import VECTORS, Case
from tests.vectors.maker import Agent, sha256

FOLDER = Path(__file__).parent
FILES = FOLDER / "files"
MANIFEST = FOLDER / "manifest.json"
THEMES = (
    good,
    good_proofs,
    bad_files,
    bad_pages,
    bad_chains,
    bad_records,
    bad_deeds,
    bad_disclosures,
    bad_keys,
    bad_sales,
)
NOTE = "The keys are test keys, derived from their names by anybody: trust them nowhere."


def made() -> tuple[dict[str, bytes], str]:
    """Return the vectors' files by name, and the manifest's text."""
    files, listed = {}, []
    for vector in VECTORS.values():
        case = vector.make()
        name = f"{vector.name}.pages"
        files[name] = case.raw
        listed.append(_entry(vector.name, vector.sentence, vector.make.__module__.rpartition(".")[2], case))
    return files, json.dumps({"note": NOTE, "vectors": listed}, indent=1, default=_plain) + "\n"


def _entry(name: str, sentence: str, theme: str, case: Case) -> dict[str, Any]:
    tails, starts = ([page.hex() for page in case.facts.pop(which, [])] for which in ("tails", "after"))
    return {
        "name": name,
        "theme": theme,
        "sentence": sentence,
        "file": f"files/{name}.pages",
        "sha256": sha256(case.raw).hex(),
        "keys": [key.hex() for key in case.keys],
        "last_pages": tails,
        "revoked": case.facts.pop("revoked", {}),
        "after": starts,
        "begun": [[agent.hex(), key.hex()] for agent, key in case.facts.pop("begun", [])],
        "faults": sorted([list(fault) for fault in case.faults], key=str),
        "facts": case.facts,
    }


def _plain(item: Any) -> Any:
    assert isinstance(item, Agent)
    return item.id.hex()


def main() -> int:
    """Write the files and the manifest anew; remove files of vectors that are no more."""
    files, manifest = made()
    FILES.mkdir(exist_ok=True)
    for path in FILES.iterdir():
        if path.name not in files:
            path.unlink()
    for name, raw in files.items():
        (FILES / name).write_bytes(raw)
    MANIFEST.write_text(manifest)
    print(f"{len(files)} vectors, {sum(map(len, files.values()))} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
