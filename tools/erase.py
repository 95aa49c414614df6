"""`siteward erase SITE.toml`: take an agent off a gateway for good, before the machine leaves the house.

Keys go first and SITE.toml goes last: an erasure that was cut short is finished by the same command. A file is
overwritten, forced to the disk, and unlinked; names that are not ours stay. Flash and file systems that write
elsewhere may still hold old blocks: only a disk encrypted from its first day forgets at once (docs/operations.md).
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
from pathlib import Path

from agent.cbor import CborError
from agent.config import Config
from agent.journal import Journal
from agent.ledger import Ledger
from boards.cpython.clock import SystemClock
from boards.cpython.door import NAME as DOOR
from boards.cpython.file_store import SUFFIX, FileStore
from boards.cpython.site_file import load_site
from boards.cpython.token_uri import SCHEME, TokenError, TokenUri
from boards.startup import StartError
from tools.console import printable
from tools.errors import UsageError
from tools.key_rotation import BACKUP

DONE, DECLINED = 0, 1
CHUNK_BYTES = 1 << 16
ID_BYTES = 8
STAYS = """What stays: the pages that the head-end has confirmed are there, and verify as before with the public key.
Head-end, grid operator and aggregator still know this agent, and its certificate is still valid: tell them.
The disk may hold old copies where it writes elsewhere than it was told; so do backups."""


def run(site: Path, *, yes: bool) -> int:
    """Show what goes and what stays, ask unless `yes`, erase. Raises: UsageError."""
    try:
        config = load_site(site)[0]
    except StartError as error:
        raise UsageError(str(error)) from error
    folder = site.parent
    in_token = [key for key in _keys(config) if key.startswith(SCHEME)]
    journal = folder / config.agent["journal"]
    store = _held(journal)
    try:
        files = _files(site, config)
        print(printable(f"This takes the agent of site {config.site['name']!r} off this machine and cannot be undone:"))
        for path in files:
            print(printable(f"  {path}"))
        for key in in_token:
            print(printable(f"  the key in the token: {key}"))
        print(f"{_unconfirmed(store, config)}\n{STAYS}")
        if not yes and not _agreed(config.site["name"]):
            print("nothing was erased")
            return DECLINED
        for key in in_token:
            _erase_token_key(key, folder)
        for path in files:
            erase_file(path)
    except OSError as error:
        raise UsageError(f"{error.filename or journal}: {error.strerror}; run it again to go on") from error
    finally:
        if store is not None:
            store.close()
    for empty in (journal, journal.parent / "recorder"):
        _remove_empty(empty)
    print(f"erased: {len(files)} files")
    return DONE


def erase_file(path: Path) -> None:
    """Overwrite a file or what a link leads to, force that to the disk, unlink it; its absence is durable then.

    Raises: OSError.
    """
    real = path.resolve()
    if real.is_file():
        real.chmod(0o600)
        with real.open("r+b", buffering=0) as file:
            for at in range(0, os.fstat(file.fileno()).st_size, CHUNK_BYTES):
                os.pwrite(file.fileno(), os.urandom(CHUNK_BYTES), at)
            os.fsync(file.fileno())
    for name in dict.fromkeys((real, path)):
        name.unlink(missing_ok=True)
        folder = os.open(name.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _files(site: Path, config: Config) -> list[Path]:
    """Return what there is to erase, in the order in which it goes: keys, PIN, journal, tape, configuration."""
    folder = site.parent
    found = [_pin_file(key, folder) if key.startswith(SCHEME) else folder / key for key in _keys(config)]
    if config.uplink is not None:
        found += [folder / config.uplink["cert_key"], folder / config.uplink["cert"]]
    journal = folder / config.agent["journal"]
    for kept in (journal, journal.parent / "recorder"):
        found += sorted(path for path in kept.glob("*" + SUFFIX) if path.stem.isdigit())
        found += [kept / "lock", kept / DOOR]
    before = site.with_name(site.name + BACKUP)
    return [path for path in dict.fromkeys([*found, before, site]) if path is not None and os.path.lexists(path)]


def _keys(config: Config) -> list[str]:
    """Return the names of the agent's keys: the one that signs, and the one that is to follow."""
    return [config.agent[name] for name in ("key", "next_key") if config.agent[name] is not None]


def _pin_file(key: str, folder: Path) -> Path | None:
    try:
        return TokenUri(key, folder).pin_file
    except TokenError as error:
        raise UsageError(str(error)) from error


def _erase_token_key(key: str, folder: Path) -> None:
    # By name: only a site with such a key needs the extra `pkcs11`.
    importlib.import_module("tools.token_key").erase(key, folder)


def _held(journal: Path) -> FileStore | None:
    """Hold the journal's folder, so that no agent runs meanwhile; None when there is none."""
    if not journal.is_dir():
        return None
    try:
        return FileStore(journal)
    except OSError as error:
        if error.errno == errno.EWOULDBLOCK:
            raise UsageError(f"an agent uses {journal}: stop it first, and see that nothing starts it again") from error
        raise UsageError(f"{error.filename or journal}: {error.strerror}") from error


def _unconfirmed(store: FileStore | None, config: Config) -> str:
    """Say what nobody upstream has confirmed: it is lost."""
    if store is None:
        return "There is no journal."
    settings = config.agent
    ledger = Ledger(
        Journal(store, settings["segment_bytes"]), bytes(ID_BYTES), SystemClock(), settings["page_bytes_max"],
        settings["page_s"], b"",
    )  # fmt: skip
    try:
        ledger.recover()
    except (CborError, ValueError, TypeError, AssertionError) as error:
        return f"The journal cannot be read ({error}): whatever is not confirmed upstream is lost."
    lost = max(0, ledger.next_seq - ledger.released_seq)
    if not lost:
        return "All of its records are confirmed upstream."
    return (
        f"{lost} records are not confirmed upstream and will be lost: {ledger.released_seq} to {ledger.next_seq - 1}."
    )


def _agreed(name: str) -> bool:
    if not sys.stdin.isatty():
        raise UsageError("nobody is there to ask: --yes erases without a question")
    return input(f"Type the site's name, {printable(name)}, to go on: ") == name


def _remove_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return  # it is not there, or holds what is not ours
