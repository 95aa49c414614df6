"""A small site for boards, as TOML, and a build of it that is made once."""

from __future__ import annotations

from pathlib import Path

from tools.board_build import run

SITE = """
[site]
name = "shed"
meter = "feeder"
import_limit_w = 22000
export_limit_w = 0
fuse_ma = 32000

[agent]
key = "agent.key"
journal_bytes_max = 1048576
segment_bytes = 16384
page_bytes_max = 2048

[[bus]]
id = "meter"
kind = "serial"
port = "no-such-port"

[[device]]
id = "feeder"
driver = "eastron-sdm630"
bus = "meter"
"""
UNIX = "micropython_unix"


def build(folder: Path, text: str = SITE, board: str = UNIX, name: str = "built") -> Path:
    """Write a site and build it; return the build."""
    folder.mkdir(parents=True, exist_ok=True)
    site = folder / "SITE.toml"
    site.write_text(text)
    run(board, site, folder / name, as_json=False)
    return folder / name
