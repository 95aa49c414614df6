"""Carlo Gavazzi EM24-DIN with Ethernet (E1): three-phase meter. Modbus TCP, port 502, firmware 1.8.3 or newer.

Source: Carlo Gavazzi, "EM24 E1 Communication Protocol", input registers (function 4): what is read here lies as in the
EM340. Trust: two other programs (the Victron client, mbmd) that agree. Its application must be set to H (register
A000 hex = 7), else it tells other things. It is known by its identification (0x0B), 1648 to 1653.
"""

from __future__ import annotations

from drivers.meters.carlo_gavazzi_em340 import Em340


class Em24E1(Em340):
    """Reads phases, total power and both energy registers; has nothing to set."""

    model = "carlo-gavazzi-em24-e1"
    ethernet = True
