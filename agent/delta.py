"""A reading told by what differs from an earlier one of the same page: a third of the bytes.

Source: docs/format.md, `delta`. Possible when the device, the span, the quality, the context and the quantities
are the same and a whole number of spans lies between the two ends.
"""

from __future__ import annotations

from agent import cbor, record
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_DIFFERENCE_MAX = const(0x3FFFFFFFFFFFFFFF)


def between(base_raw: bytes, base: int, reading: Any) -> bytes | None:
    """Return `reading` as a delta on the reading with bytes `base_raw` at place `base`; None when it is none.

    Both ends are seconds after the page's `base_s`.
    """
    _, base_end_s, span_s, device, quality, was, context = cbor.decode(base_raw)
    _, end_s, *rest = reading
    now = rest[3]
    if rest[:3] != [span_s, device, quality] or rest[4] != context or len(now) != len(was):
        return None
    spans, beside_s = divmod(end_s - base_end_s, span_s) if span_s else (0, 0)
    if spans < 1 or beside_s:
        return None
    delta = [record.DELTA, spans, base]
    for quantity in sorted(was):
        if quantity not in now:
            return None
        difference = now[quantity] - was[quantity]
        if not -_DIFFERENCE_MAX <= difference <= _DIFFERENCE_MAX:
            return None
        delta.append(difference)
    return cbor.encode(delta)
