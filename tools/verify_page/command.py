"""`siteward verify-page`: give away the page with which a customer sees what was proven, in any browser and offline."""

from __future__ import annotations

import tempfile
import webbrowser
from pathlib import Path

from tools.errors import UsageError
from tools.verify_page.assemble import assembled


def run(out: Path | None) -> None:
    """Write the page to `out`, or to a new folder for what is temporary and open it there. Raises: UsageError."""
    try:
        page = out or Path(tempfile.mkdtemp(prefix="siteward-")) / "verify.html"
        page.write_text(assembled(), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {out or 'the page'}: {error.strerror}") from error
    if out is None and not webbrowser.open(page.as_uri()):
        print(f"no browser here: open {page}")
    else:
        print(page)
