"""`python -m tools.simulate`: the soak in virtual time."""

from __future__ import annotations

import sys

from tools.simulate.command import main

if __name__ == "__main__":
    sys.exit(main())
