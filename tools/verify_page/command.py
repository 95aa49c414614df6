"""`siteward verify-page`: give away the page with which a customer sees what was proven, in any browser and offline."""

from __future__ import annotations

import webbrowser
from pathlib import Path

from tools.errors import UsageError

PAGE = Path(__file__).parent / "index.html"


def run(out: Path | None) -> None:
    """Write the page to `out`, or open it in the browser. Raises: UsageError."""
    if out is None:
        opened = webbrowser.open(PAGE.as_uri())
        print(PAGE if opened else f"no browser here: open {PAGE}")
        return
    try:
        out.write_bytes(PAGE.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror}") from error
    print(out)
