"""What a site's configuration may say of an OpenADR source, and what each word must be: docs/openadr.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.config import REQUIRED, one_of, text, whole
from boards.cpython.openadr.signals import LEVELS
from boards.cpython.peer_options import address
from boards.cpython.peers import checked_options

if TYPE_CHECKING:
    from agent.config import Field
    from agent.sources.peer_desk import PeerDesk

TARGETS_MAX = 16
WEBHOOK_KEYS = ("callback_url", "callback_port")


def _targets(key: str, given: Any) -> dict[str, str]:
    """Check a table of targets: each names a circuit or device, "" the site."""
    if type(given) is not dict or len(given) > TARGETS_MAX:
        raise ValueError(f"{key} = {given!r}: expected a table of at most {TARGETS_MAX} targets")
    for target, scope in given.items():
        if not 0 < len(target) <= 128 or type(scope) is not str:
            raise ValueError(f"{key} {target} = {scope!r}: expected the id of a circuit or device, or an empty text")
    return given


def _shares(key: str, given: Any) -> list[int]:
    """Check what may be drawn at the SIMPLE levels, in percent: the higher the level, the less."""
    fits = type(given) is list and len(given) == LEVELS and all(type(each) is int for each in given)
    if not fits or not 100 >= given[0] >= given[1] >= given[2] >= 0:
        raise ValueError(f"{key} = {given!r}: expected {LEVELS} falling percentages, as [60, 30, 0]")
    shares: list[int] = given
    return shares


FIELDS: tuple[Field, ...] = (
    ("url", address("https"), REQUIRED),
    ("ven_name", text(128), REQUIRED),
    ("ca", text(), None),
    ("client_id", text(4096), None),
    ("client_secret", text(), None),
    ("token_url", address("https"), None),
    ("program", text(128), None),
    ("targets", _targets, {}),
    ("simple", _shares, None),
    ("notices", one_of("mqtt", "webhook", "none"), "mqtt"),
    ("callback_url", address("https"), None),
    ("callback_port", whole(1, 65535), None),
    ("poll_s", whole(5, 3600), 60),
    ("lease_s", whole(60, 86400), 3600),
    ("primacy", whole(1, 255), 1),
    ("price_units", whole(1, 10_000_000), 100_000),
)


def ven_options(desk: PeerDesk, given: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a VEN, each checked and all of them together. Raises: ValueError with one sentence."""
    options = checked_options(desk, FIELDS, given)
    if (options["client_id"] is None) is not (options["client_secret"] is None):
        raise ValueError("client_id, client_secret: expected both or none")
    for key in WEBHOOK_KEYS:
        if options["notices"] == "webhook" and options[key] is None:
            raise ValueError(f"{key} is missing: notices = 'webhook' needs it")
        if options["notices"] != "webhook" and options[key] is not None:
            raise ValueError(f"{key} = {options[key]!r}: expected with notices = 'webhook' only")
    return options
