"""Runs the sources of control that are tasks of a gateway: protocols with a peer somewhere on a network.

Such a task waits for its peer and must not end the agent: one that breaks is told of once and begun anew after a
minute. What its peer said stays in force meanwhile, for as long as that was said for.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from agent.config import ConfigError, checked_table
from boards.startup import StartError

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.config import Field
    from agent.loop import Loop
    from agent.sources.peer_desk import PeerDesk

AGAIN_S = 60
WHY_CHARS_MAX = 400  # what broke it may hold what a peer sent


class Peer(Protocol):
    """A source of control with a task of its own."""

    desk: PeerDesk

    def __init__(self, desk: PeerDesk, options: dict[str, Any]) -> None:
        """Check the options: `checked_options`. Raises: ValueError with one sentence."""

    def open(self, folder: Path) -> None:
        """Read what the options name below the site's folder; nothing is asked of anybody yet.

        Raises: ValueError with one sentence, OSError.
        """

    async def run(self) -> None:
        """Talk to the peer, for ever."""


def checked_options(desk: PeerDesk, fields: tuple[Field, ...], options: dict[str, Any]) -> dict[str, Any]:
    """Return a source's own keys, checked by a table as of agent/config.py. Raises: ValueError with one sentence."""
    try:
        return checked_table(f"[[source]] {desk.authority.name}", fields, options)
    except ConfigError as error:
        raise ValueError(str(error)) from error


def open_peers(loop: Loop, folder: Path) -> list[Peer]:
    """Return the site's peers, each ready to run. Raises: StartError."""
    peers: list[Peer] = [] if loop.sources is None else loop.sources.peers
    for peer in peers:
        where = f"[[source]] {peer.desk.authority.name}"
        try:
            peer.open(folder)
        except OSError as error:
            raise StartError(f"{where}: {error.filename or ''}: {error.strerror or error}") from error
        except ValueError as error:
            raise StartError(f"{where}: {error}") from error
    return peers


async def keep_running(peer: Peer, say: Callable[[str], None]) -> None:
    """Run a peer, and run it again when it breaks; `say` takes one sentence a break.

    A peer that has something to tell people, like why a message was refused, has `notes_to`, which is given `say`, too.
    """
    if hasattr(peer, "notes_to"):
        peer.notes_to(say)
    while True:
        try:
            await peer.run()
            return
        except Exception as fault:  # noqa: BLE001  (a bystander: whatever breaks it, the agent goes on)
            why = f"{type(fault).__name__}: {fault}"[:WHY_CHARS_MAX]
            say(f"siteward: source '{peer.desk.authority.name}' broke: {why}")
        await asyncio.sleep(AGAIN_S)
