"""`siteward key new|show FILE`: what provisioning needs of a key, ready to paste into a configuration."""

from __future__ import annotations

from pathlib import Path

from tools.keys import create_key, describe, load_public
from tools.wire import point


def run(action: str, path: Path, *, raw: bool) -> int:
    """Make or read a key and print its public half. Raises: UsageError."""
    public_key = point(create_key(path, raw=raw).public_key()) if action == "new" else load_public(str(path))
    for name, text in describe(public_key).items():
        print(f'{name} = "{text}"')
    return 0
