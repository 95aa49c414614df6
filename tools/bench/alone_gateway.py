"""The core by itself as a gateway runs it: `python -m tools.bench.alone_gateway bare|unsigned|signed READINGS`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from boards.cpython.signer import FileSigner
from tools.bench.alone import NoSigner, run
from tools.keys import create_key


def main(way: str, readings: int) -> None:
    """Do one way once."""
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "agent.key"
        create_key(key)
        signers = {"bare": None, "unsigned": NoSigner(), "signed": FileSigner(key)}
        run(signers[way], readings)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
