"""What the modes of a control mean at this site: which scope, which direction, how many W.

Here power into the site is positive, in the standard what a DER delivers is: signs are turned in this file alone.
`opModConnect` and `opModEnergize` false take both directions to nothing; the first also opens the isolator, where there
is one: a switch that the core knows as such and not as a load.
Of several modes on one matter the strictest holds.

Source: IEEE 2030.5-2018 section 10.10.2 (signs), annex B (opModFixedW: of the discharge rating, and of the charge
rating below nothing; opModMaxLimW: of setMaxW); CSIP-AUS (opModImpLimW and opModExpLimW at the connection point,
opModGenLimW and opModLoadLimW of the DER, opModStorageTargetW: positive discharges).
"""

from __future__ import annotations

from dataclasses import dataclass

from boards.cpython.ieee2030_5 import resources as r

LIMIT, CLAIM = 1, 2  # kinds of agent.orders
INTO, OUT_OF = 0, 1  # directions of agent.limits
Matter = tuple[int, str, int]  # kind, scope, direction (0 for a claim)


@dataclass(frozen=True)
class Site:
    """What the utility's device is here: `der` is the id of a device or circuit, `isolator` of a switch or empty."""

    der: str
    max_w: int
    max_charge_w: int
    max_discharge_w: int
    isolator: str = ""
    claims: bool = False  # set-points are taken, too
    step_w: int = 1  # what the device's set-point is a multiple of

    def words(self, modes: dict[str, int]) -> dict[Matter, int]:
        """Return what some modes together say: the most W of each limit, the W of the set-point."""
        said: dict[Matter, int] = {}
        for mode, number in modes.items():
            for matter, most_w in self._limits(mode, number):
                said[matter] = min(said.get(matter, most_w), most_w)
        if self.isolator and modes.get(r.CONNECT) == 0:
            said[(CLAIM, self.isolator, 0)] = 0
        wanted_w = self._wanted_w(modes)
        if wanted_w is not None:
            wanted_w = max(-self.max_discharge_w, min(wanted_w, self.max_charge_w))
            said[(CLAIM, self.der, 0)] = abs(wanted_w) // self.step_w * self.step_w * (1 if wanted_w > 0 else -1)
        return said

    def carries_out(self, mode: str) -> bool:
        """Tell whether a mode means anything here."""
        return self.claims or mode not in (r.FIXED, r.TARGET, r.STORAGE_TARGET)

    def _limits(self, mode: str, number: int) -> list[tuple[Matter, int]]:
        into, out_of = (LIMIT, self.der, INTO), (LIMIT, self.der, OUT_OF)
        if mode in r.FLAGS:
            return [] if number else [(into, 0), (out_of, 0)]
        matters = {
            r.IMPORT: (LIMIT, "", INTO), r.EXPORT: (LIMIT, "", OUT_OF), r.LOAD: into,
            r.GENERATION: out_of, r.MAXIMUM: out_of,
        }  # fmt: skip
        if mode not in matters:
            return []
        return [(matters[mode], self.max_w * number // r.PER_CENT if mode == r.MAXIMUM else number)]

    def _wanted_w(self, modes: dict[str, int]) -> int | None:
        """Return the set-point in W into the site, None without one."""
        if not self.claims:
            return None
        if r.FIXED in modes:
            rated_w = self.max_discharge_w if modes[r.FIXED] >= 0 else self.max_charge_w
            share_w = rated_w * abs(modes[r.FIXED]) // r.PER_CENT
            return -share_w if modes[r.FIXED] >= 0 else share_w
        for mode in (r.STORAGE_TARGET, r.TARGET):
            if mode in modes:
                return -modes[mode]
        return None
