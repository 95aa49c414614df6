"""A vector: a file, the keys that are trusted, and everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.vectors.maker import Agent, Page

Fault = tuple[str, str, int | None]  # name, agent in hex or "", record number or None


@dataclass
class Case:
    """What one vector holds. `facts` are what a verifier must report beside the faults."""

    raw: bytes
    keys: list[bytes]
    faults: list[Fault] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Vector:
    """A case with its name and what it shows, in one sentence."""

    name: str
    sentence: str
    make: Callable[[], Case]


VECTORS: dict[str, Vector] = {}


def vector(make: Callable[[], Case]) -> Callable[[], Case]:
    """Take a function in: its name is the vector's, its docstring the sentence."""
    name = make.__name__
    assert name not in VECTORS, name
    assert make.__doc__, name
    VECTORS[name] = Vector(name, make.__doc__, make)
    return make


def case(
    agents: Agent | Iterable[Agent], pieces: Iterable[Page | bytes], faults: Iterable[Any] = (), **facts: Any
) -> Case:
    """Return a file of these pieces, trusted with the first keys of the agents.

    A fault is (name, agent, record number), (name, agent) or a bare name; an agent may be given as such.
    """
    trusted = [agents] if isinstance(agents, Agent) else list(agents)
    raw = b"".join(piece.raw() if isinstance(piece, Page) else piece for piece in pieces)
    return Case(raw, [key for agent in trusted for key in agent.keys], [_fault(one) for one in faults], facts)


def _fault(told: Any) -> Fault:
    name, agent, seq = (told, "", None) if type(told) is str else (*told, None)[:3]
    return name, agent.id.hex() if isinstance(agent, Agent) else agent, seq
