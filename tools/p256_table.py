"""Write boards/micropython/p256_table.py: `python -m tools.p256_table [--check]`.

The points are computed by `cryptography`, not by the code that will use them, so that a mistake there cannot agree
with itself.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

TABLE_FILE = Path(__file__).resolve().parent.parent / "boards" / "micropython" / "p256_table.py"
ROWS = 6
COLUMNS = 48

HEADING = '''"""The comb table of P-256's base point; made by tools/p256_table.py, do not edit.

Entry j, from 1 to 63, is the affine point with scalar sum(2**(48 * row)) over the bits `row` of j: x then y, 32 bytes
each, big-endian.
"""

from __future__ import annotations

# fmt: off
BASE_COMB = (
'''


def base_comb() -> bytes:
    """Return the 63 points one after the other."""
    points = []
    for bits in range(1, 1 << ROWS):
        scalar = sum(1 << (COLUMNS * row) for row in range(ROWS) if bits >> row & 1)
        at = ec.derive_private_key(scalar, ec.SECP256R1()).public_key().public_numbers()
        points.append(at.x.to_bytes(32, "big") + at.y.to_bytes(32, "big"))
    return b"".join(points)


def as_source(comb: bytes) -> str:
    """Return the module: four lines of hexadecimal escapes for each point."""
    lines = [comb[at : at + 16] for at in range(0, len(comb), 16)]
    literals = ['    b"' + "".join(f"\\x{byte:02x}" for byte in line) + '"\n' for line in lines]
    return HEADING + "".join(literals) + ")\n"


def main(argv: list[str] | None = None) -> int:
    """Write the module, or tell with the exit code whether it is what would be written."""
    parser = argparse.ArgumentParser(prog="python -m tools.p256_table", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when the file differs")
    source = as_source(base_comb())
    if parser.parse_args(argv).check:
        return int(TABLE_FILE.read_text() != source)
    TABLE_FILE.write_text(source)
    return 0


if __name__ == "__main__":
    sys.exit(main())
