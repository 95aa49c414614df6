"""One XML document of a utility's server, read within bounds and field by field.

No document type is allowed, so there are no entities to expand and nothing is ever fetched. Elements of other
namespaces are skipped; those of CSIP-AUS keep a prefix, `csipaus:`, in their names.

Source: IEEE 2030.5-2018 section 5.2 (namespace `urn:ieee:std:2030.5:ns`); CSIP-AUS (`https://csipaus.org/ns`, with or
without a version behind it); XML 1.0, section 2.8.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.parsers import expat

DOCUMENT_BYTES_MAX = 262144
DEPTH_MAX = 16
NODES_MAX = 8192
TEXT_CHARS_MAX = 4096
SHOWN_MAX = 40
STANDARD = "urn:ieee:std:2030.5:ns"
AUSTRALIAN = "https://csipaus.org/ns"
DIGITS_MAX = 20
ABSENT = object()


class Refused(Exception):
    """Args: one line that says where in a document or an exchange something is wrong, and what."""


class Node:
    """One element, named as in the standard; a look-up names the path of what is missing or wrong."""

    def __init__(self, name: str, path: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.path = path
        self.text = ""
        self._attributes = attributes
        self._children: list[Node] = []

    def add(self, child: Node) -> None:
        """Put a child behind the others."""
        self._children.append(child)

    def everything(self) -> list[Node]:
        """Return all children."""
        return list(self._children)

    def all(self, name: str) -> Iterator[Node]:
        """Yield the children of this name."""
        return (child for child in self._children if child.name == name)

    def child(self, name: str) -> Node | None:
        """Return the only child of this name, None without one. Raises: Refused when there are several."""
        found = list(self.all(name))
        if len(found) > 1:
            raise Refused(f"{self.path}/{name}: it is there {len(found)} times")
        return found[0] if found else None

    def need(self, name: str) -> Node:
        """Return the only child of this name. Raises: Refused."""
        found = self.child(name)
        if found is None:
            raise Refused(f"{self.path}/{name}: it is missing")
        return found

    def whole(self, name: str, lowest: int, highest: int, absent: int | object = ABSENT) -> int:
        """Return a child's whole number, `absent` without one. Raises: Refused."""
        found = self.child(name)
        if found is None and type(absent) is int:
            return absent
        return _whole((found or self.need(name)).text, f"{self.path}/{name}", lowest, highest)

    def flag(self, name: str) -> bool | None:
        """Return a child's boolean, None without one. Raises: Refused."""
        found = self.child(name)
        if found is None:
            return None
        if found.text not in ("true", "false", "1", "0"):
            raise Refused(f"{found.path}: {_shown(found.text)} is no boolean")
        return found.text in ("true", "1")

    def hexadecimal(self, name: str, bytes_max: int) -> str:
        """Return a child's hex digits in capitals, without leading zeros. Raises: Refused."""
        return _hexadecimal(self.need(name).text, f"{self.path}/{name}", bytes_max)

    def attribute(self, name: str) -> str:
        """Return an attribute, empty without one."""
        return self._attributes.get(name, "")

    def whole_attribute(self, name: str, lowest: int, highest: int, absent: int) -> int:
        """Return an attribute's whole number, `absent` without one. Raises: Refused."""
        found = self._attributes.get(name)
        return absent if found is None else _whole(found, f"{self.path}/@{name}", lowest, highest)

    def bits(self, name: str) -> int:
        """Return an attribute's bits, given in hex; 0 without one. Raises: Refused."""
        return int(_hexadecimal(self._attributes.get(name, "0"), f"{self.path}/@{name}", 4) or "0", 16)

    def link(self, name: str) -> str:
        """Return where a link points, empty without one. Raises: Refused."""
        found = self.child(name)
        return "" if found is None else found.attribute("href")


def _shown(text: str) -> str:
    return repr(text if len(text) <= SHOWN_MAX else text[:SHOWN_MAX] + "...")


def _whole(text: str, path: str, lowest: int, highest: int) -> int:
    digits = text[1:] if text[:1] in ("-", "+") else text
    if not (digits.isascii() and digits.isdigit()) or len(digits) > DIGITS_MAX:
        raise Refused(f"{path}: {_shown(text)} is no whole number")
    number = int(text)
    if not lowest <= number <= highest:
        raise Refused(f"{path}: {number} is not from {lowest} to {highest}")
    return number


def _hexadecimal(text: str, path: str, bytes_max: int) -> str:
    digits = text.upper()
    if not digits or digits.strip("0123456789ABCDEF"):
        raise Refused(f"{path}: {_shown(text)} are no hex digits")
    digits = digits.lstrip("0")
    if len(digits) > 2 * bytes_max:
        raise Refused(f"{path}: more than {bytes_max} bytes")
    return digits


class _Reader:
    """Builds the tree while the parser goes; every bound is held before anything grows past it."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self._open: list[Node | None] = []  # None: an element of a namespace that is skipped
        self._nodes = 0

    def started(self, name: str, attributes: dict[str, str]) -> None:
        self._nodes += 1
        if len(self._open) >= DEPTH_MAX or self._nodes > NODES_MAX:
            raise Refused(f"the document has more than {DEPTH_MAX} levels or {NODES_MAX} elements")
        within = self._open[-1] if self._open else None
        known = _known_name(name)
        if known is None or (self._open and within is None):
            self._open.append(None)
            return
        node = Node(known, f"{within.path}/{known}" if within else known, attributes)
        if within is None:
            self.root = node
        else:
            within.add(node)
        self._open.append(node)

    def ended(self, _name: str) -> None:
        node = self._open.pop()
        if node is not None:
            node.text = node.text.strip()

    def said(self, text: str) -> None:
        node = self._open[-1] if self._open else None
        if node is not None:
            node.text += text
            if len(node.text) > TEXT_CHARS_MAX:
                raise Refused(f"{node.path}: more than {TEXT_CHARS_MAX} characters")

    @staticmethod
    def typed(*_declared: object) -> None:
        raise Refused("the document declares a type: entities are not read")


def _known_name(name: str) -> str | None:
    space, _, local = name.rpartition(" ")
    if space == STANDARD:
        return local
    if space == AUSTRALIAN or space.startswith(AUSTRALIAN + "/"):
        return f"csipaus:{local}"
    return None


def read(raw: bytes, expected: str) -> Node:
    """Return the root of a document, which must be an element `expected`. Raises: Refused."""
    if len(raw) > DOCUMENT_BYTES_MAX:
        raise Refused(f"{expected}: more than {DOCUMENT_BYTES_MAX} bytes")
    reader, parser = _Reader(), expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.started
    parser.EndElementHandler = reader.ended
    parser.CharacterDataHandler = reader.said
    parser.StartDoctypeDeclHandler = reader.typed
    try:
        parser.Parse(raw, True)
    except expat.ExpatError as error:
        raise Refused(f"{expected}: no XML: {error}") from error
    except (ValueError, LookupError) as error:  # an encoding that Python does not have
        raise Refused(f"{expected}: no XML: {error}") from error
    if reader.root is None or reader.root.name != expected:
        raise Refused(f"{expected}: another document: {_shown(reader.root.name if reader.root else '')}")
    return reader.root
