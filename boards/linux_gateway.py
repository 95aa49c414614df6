"""Board: a Linux gateway, x86-64 or aarch64, CPython 3.11 or newer; RS-485 adapters by name, devices by TCP.

Maxima: 1000 devices and a journal on the file system; see docs/config.md for what a site may set itself.
"""

from __future__ import annotations

from pathlib import Path

from boards.cpython.gateway import run_site

DEVICES_MAX = 1000


def run(site: str, as_json: bool) -> int:
    """Run the agent of SITE.toml; it tells what it does in sentences, or in JSON lines.

    Raises: boards.cpython.gateway.StartError.
    """
    return run_site(Path(site), "linux-gateway", DEVICES_MAX, as_json)
