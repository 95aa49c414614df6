"""Board: a Linux gateway, x86-64 or aarch64 (Raspberry Pi 3 or newer with a 64-bit system), CPython 3.11 or newer.

Maxima: 1000 devices, a journal of 16 GB on the file system, ticks of 100 ms to 10 s; see docs/config.md.

Serial ports are named by their path. USB adapters: /dev/serial/by-id/..., which survives replugging. The Pi's own UART
on GPIO14 and 15: /dev/serial0 up to the Pi 4, with `enable_uart=1`, the login shell taken off it, and
`dtoverlay=disable-bt`, without which it is the mini UART, whose speed follows the core's clock; on a Pi 5 that name is
the debug connector's, and the header's UART is /dev/ttyAMA0 with `dtparam=uart0=on`. An RS-485 driver on it must turn
the direction by itself.
Source: Raspberry Pi documentation, "Configure UARTs"; never run on a Pi.
"""

from __future__ import annotations

from pathlib import Path

from boards.cpython.gateway import run_site

DEVICES_MAX = 1000
JOURNAL_BYTES_MAX = 17179869184


def run(site: str, as_json: bool) -> int:
    """Run the agent of SITE.toml; it tells what it does in sentences, or in JSON lines.

    Raises: boards.cpython.gateway.StartError.
    """
    return run_site(Path(site), "linux-gateway", DEVICES_MAX, as_json)
