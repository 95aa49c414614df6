"""`siteward key rotate SITE.toml`: lets a new key follow the one that signs, step by step, and says where it stands.

The first call makes the new key and names it in the site's file; once the agent has ended the old one
(agent/rotation.py) the next call names the new key alone. A file that cannot be changed without touching anything else
is left as it is, and the lines to change are told.
"""

from __future__ import annotations

import os
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

from agent.config import Config, ConfigError, checked
from agent.console_keys import keys_of
from agent.journal import Journal
from agent.ledger import Ledger
from agent.rotation import take_up
from boards.cpython.clock import SystemClock
from boards.cpython.file_store import FileStore
from boards.cpython.keys import signer_of
from boards.cpython.private_file import KeyFileError
from boards.cpython.token_uri import SCHEME, TokenError
from boards.startup import agent_id
from tools.console_link import asking
from tools.errors import UsageError
from tools.keys import create_key, load_public
from tools.wire import key_id

Standing = dict[str, Any]
DONE, UNDER_WAY = 0, 1
BACKUP = ".bak"  # behind the name of the site's file: what it said before


def run(site: Path, *, status: bool) -> int:
    """Do what is due, or only tell. Raises: UsageError."""
    config = _config(site)
    if config.agent["next_key"] is None and not status:
        return _begin(site, config)
    found = standing(site, config)
    if found["over"] and not status:
        return _finish(site, config, found)
    print(sentence(found, site, config))
    return DONE if status else UNDER_WAY


def standing(site: Path, config: Config) -> Standing:
    """Return how far the rotation is, from the running agent, or from the journal of one that is stopped."""
    folder = site.parent / config.agent["journal"]
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no journal; the agent of {site} has not run yet")
    try:
        with asking(folder) as link:
            told: Standing = link.ask({"cmd": "keys"})["keys"]
            return told
    except UsageError:
        return _from_journal(site.parent, config, folder)


def sentence(found: Standing, site: Path, config: Config) -> str:
    """Say how far the rotation is."""
    if found["next_key"] is None and config.agent["next_key"] is not None:
        return f"{found['key']} signs alone: the agent has not been started since {config.agent['next_key']} was named"
    if found["next_key"] is None:
        return (
            f"{found['key']} signs alone for agent {found['agent']}; `siteward key rotate {site}` lets another follow"
        )
    old, new, seq = found["key"], found["next_key"], found["seq"]
    if found["over"]:
        return f"{new} signs alone and {old} has ended: `siteward key rotate {site}` names {new} as the key of the site"
    if found["lost"]:
        return f"{old} signs; record {seq} announced {new} and was lost before its receipt: let another key follow"
    return {
        "waiting": f"{old} signs; {new} is announced once upstream has confirmed a page of this life",
        "begun": f"{old} signs; {new} is announced in record {seq}, whose receipt is not in yet",
        "switched": f"{new} signs from record {seq} on; {old} is ended once a receipt for such a page is in",
        "ended": f"{new} signs alone; keep {old} until the receipt for record {seq} is in, which ended it",
    }[found["step"]]


def _config(site: Path) -> Config:
    if site.suffix == ".json":
        raise UsageError(f"{site}: a board's key is changed by hand: see docs/operations.md")
    try:
        return checked(tomllib.loads(site.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ConfigError) as error:
        raise UsageError(f"{site}: {error}") from error


def _from_journal(folder: Path, config: Config, journal: Path) -> Standing:
    following = config.agent["next_key"]
    try:
        signer = signer_of(folder, config.agent["key"])
        next_signer = signer_of(folder, following) if following is not None else None
        store = FileStore(journal, config.agent["journal_bytes_max"])
    except (KeyFileError, TokenError) as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        raise UsageError(f"{journal}: {error.strerror or error}; its agent runs and does not answer") from error
    try:
        kept = Journal(store, config.agent["segment_bytes"])
        ledger = Ledger(kept, agent_id(config, signer.key_id), SystemClock(), 1 << 15, 900, b"")
        ledger.recover()
        rotation, _ = take_up(ledger, signer, next_signer)
        return keys_of(ledger, signer, rotation)
    except ValueError as error:
        raise UsageError(str(error)) from error
    finally:
        store.close()


def _begin(site: Path, config: Config) -> int:
    if config.uplink is None:
        raise UsageError(f"{site}: there is no [uplink], and a key follows only once receipts have confirmed it")
    if config.agent["key"].startswith(SCHEME):
        raise UsageError(f"{site}: its key is in a token: make the next one there and name it: [agent] next_key")
    present = Path(config.agent["key"])
    load_public(str(site.parent / present))
    made = _free_name(site.parent, present)
    create_key(site.parent / made)
    print(f"made {site.parent / made}, key_id {key_id(load_public(str(site.parent / made))).hex()}")
    _change(site, [f'next_key = "{made}"'], _with_line(site.read_text(encoding="utf-8"), f'next_key = "{made}"'),
            {"next_key": str(made)})  # fmt: skip
    print(f"restart the agent; `siteward key rotate {site} --status` says how far it is")
    return DONE


def _finish(site: Path, config: Config, found: Standing) -> int:
    old, new = config.agent["key"], config.agent["next_key"]
    text = _without_line(site.read_text(encoding="utf-8"), "next_key")
    text = _replaced(text, "key", new)
    lines = [f'key = "{new}"', "(no next_key)"]
    wanted = {"key": new, "next_key": None}
    if config.agent["id"] is None:
        lines.append(f'id = "{found["agent"]}"')
        text = _with_line(text, lines[-1])
        wanted["id"] = found["agent"]
    _change(site, lines, text, wanted)
    where = old if old.startswith(SCHEME) else site.parent / old
    print(f"restart the agent; when it runs, erase {where}: nothing that it signs is good any more")
    return DONE


def _free_name(folder: Path, present: Path) -> Path:
    """Return the next numbered name beside the present key that no file has."""
    stem = re.sub(r"-\d+$", "", present.stem)
    number = 2
    while (folder / present.with_name(f"{stem}-{number}{present.suffix}")).exists():
        number += 1
    return present.with_name(f"{stem}-{number}{present.suffix}")


# --- changing lines of [agent] in the text of a site's file; "" when there is no such line ---


def _change(site: Path, lines: list[str], text: str, wanted: dict[str, str | None]) -> None:
    """Write the changed text if it says what is wanted and else the same as before; otherwise tell the lines."""
    before = site.read_text(encoding="utf-8")
    expected = tomllib.loads(before)
    for key, given in wanted.items():
        expected["agent"][key] = given
        if given is None:
            del expected["agent"][key]
    if not _says(text, expected):
        print(f"{site} cannot be changed safely; let its table [agent] say:\n" + "\n".join(lines))
        return
    backup = site.with_name(site.name + BACKUP)
    shutil.copy2(site, backup)
    partial = site.with_name(f"{site.name}.{os.getpid()}")
    shutil.copy2(site, partial)
    with partial.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(site)
    print(f"{site} now says " + ", ".join(lines) + f"; what it said before is in {backup}")


def _says(text: str, expected: dict[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == expected
    except tomllib.TOMLDecodeError:
        return False


def _place(lines: list[str], key: str) -> int:
    """Return the place of a key's line in the table [agent], -1 when it has none."""
    table = ""
    for place, line in enumerate(lines):
        if line.lstrip().startswith("["):
            table = line.split("#")[0].strip()
        if table == "[agent]" and re.match(rf"\s*{key}\s*=", line):
            return place
    return -1


def _with_line(text: str, line: str) -> str:
    """Return the text with a line behind that of the key."""
    lines = text.splitlines(keepends=True)
    place = _place(lines, "key")
    if place < 0:
        return ""
    return "".join([*lines[: place + 1], line + "\n", *lines[place + 1 :]])


def _without_line(text: str, key: str) -> str:
    lines = text.splitlines(keepends=True)
    place = _place(lines, key)
    return "".join([*lines[:place], *lines[place + 1 :]]) if place >= 0 else ""


def _replaced(text: str, key: str, given: str) -> str:
    lines = text.splitlines(keepends=True)
    place = _place(lines, key)
    if place < 0:
        return ""
    lines[place] = re.sub(r"""=(\s*)(".*?"|'.*?')""", lambda found: f'={found[1]}"{given}"', lines[place], count=1)
    return "".join(lines)
