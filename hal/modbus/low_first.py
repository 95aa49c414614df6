"""Numbers whose low word comes first: high byte first within a register, but the registers the other way round.

No standard says so (MODBUS V1.1b3 knows 16 bits only); makers do it, and some let the owner choose.
"""

from __future__ import annotations

from hal.modbus.points import WordType

U32 = WordType("I", 2, True)
S32 = WordType("i", 2, True)
U64 = WordType("Q", 4, True)
S64 = WordType("q", 4, True)
F32 = WordType("f", 2, True)
F64 = WordType("d", 4, True)
S32_OR_OVERFLOW = WordType("i", 2, True, 0x7FFFFFFF)  # Carlo Gavazzi
