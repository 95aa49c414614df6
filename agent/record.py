"""One fact each: the kinds of records and the numbers in them.

Source: docs/format.md, "Records" (this project's own format, version 1).
In memory a record's second element is absolute monotonic time of its epoch: seconds in a reading,
milliseconds in everything else. Only agent.page makes it relative to a page.
"""

from __future__ import annotations

from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    Record = list[object]

READING = const(1)
BOOT = const(2)
DECISION = const(3)
WRITE = const(4)
BINDING = const(5)
EVENT = const(6)
DEVICE_STATE = const(7)
CLOCK = const(8)
GAP = const(9)
FAILSAFE = const(10)
REFUSED_MANY = const(11)
DELAY = const(12)
DELTA = const(13)
ENROLMENT = const(14)
KEY_CHANGE = const(15)
RESERVATION = const(16)
NOT_BEFORE = const(17)

# Why a command was refused (field `reason`); 0 is accepted.
ACCEPTED = const(0)
MALFORMED = const(1)
UNKNOWN_KEY = const(2)
BAD_SIGNATURE = const(3)
WRONG_ADDRESSEE = const(4)
WRONG_EPOCH = const(5)
REPLAYED = const(6)
EXPIRED = const(7)
ROLE_FORBIDS = const(8)
OVER_CEILING = const(9)
UNKNOWN_DEVICE = const(10)
OUT_OF_RANGE = const(11)
QUEUE_FULL = const(12)
TOO_LARGE = const(13)
UNSUPPORTED = const(14)
NOTHING_TO_CANCEL = const(15)
RESERVED = const(16)

# What became of a write, and how well that is known.
APPLIED = const(0)
REJECTED = const(1)
FAILED = const(2)
DEFAULTED = const(3)
NO_EVIDENCE = const(0)
WRITE_ACK = const(1)
READBACK = const(2)

# What happened to a control; 1-7 are the response codes of IEEE 2030.5.
STARTED = const(2)
COMPLETED = const(3)
OUT = const(4)  # its owner opted out of it, or in again
IN = const(5)
CANCELLED = const(6)
SUPERSEDED = const(7)
LAPSED = const(16)

LOST = const(0)
ATTACHED = const(1)
FOREIGN_CONTROLLER = const(2)
WRONG_DEVICE = const(3)
CONTROL_REGAINED = const(4)

JOURNAL_FULL = const(2)
METER_EXCHANGED = const(3)
RECORDS_DAMAGED = const(4)
THINNED = const(5)
NO_LONGER_THINNED = const(6)

# Keys of a reading's context.
SETPOINT = const(1)
SOURCE = const(2)
OPTED_OUT = const(3)

# What happens to a key.
KEY_BEGINS = const(1)
KEY_ENDS = const(2)

METER_NEVER_SEEN = const(1)
METER_STALE = const(2)
METER_ABSURD = const(3)
SHUTDOWN = const(5)
