"""A charger on one phase or on all: it falls to one before a limit stops it, and goes back when room has lasted.

The charger is stopped first; once it is seen to draw nothing its switch is told, what that keeps is read back, and
after its rest the charger goes on. At rest a phase switch is told nothing: whatever makes an actuator write again (a
retry, a restart, another controller, a lease's end) would move it under load. A charger counts with all its phases
unless its switch was read to stand on one, twice (after the write, and in the newest answer), and it is not seen to
draw on more than that.

Source: docs/config.md, "Phases of a charger"; rest 30 s and hysteresis 600 s as OpenEMS and EVerest have them, cited in
the design notes.
"""

from __future__ import annotations

from agent import protection, record
from agent.circuits import NOMINAL_MV, UNKNOWN_W
from agent.failsafe import cause_of
from agent.image import phase_current_ma
from hal import capabilities
from hal import quantities as q
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.image import Image
    from agent.state import State
    from agent.unit import Unit

PHASES = "protection phases"
_STEADY_MS = const(600000)  # so long must last what a target asks for, and room for all phases
_REST_MS = const(30000)  # so long the charger rests after a move
_STOP_MS = const(60000)  # a charger that then still draws is not switched
_RESPONSES = const(3)  # response times after which a switch that is not where it shall be is given up
_AGAIN_MS = const(3600000)  # so long nothing is moved after that
_DOUBT_MS = const(3000)
_GOOD_MS = const(5000)  # a switch that comes and goes is not believed before this
_STILL_W = const(100)  # what a charging point may draw for itself
_STRAY_MA = const(1000)


class Changeover:
    """A charger and the switch of its phases."""

    def __init__(self, switch: Unit, charger: Unit) -> None:
        self.switch = switch
        self.charger = charger
        self.all = charger.phases
        self.one = switch.phases[:1]  # the one that stays
        self.stands = 0  # phases that it is on; 0: nobody knows
        self.answers = False  # the switch tells its phases
        self.away_ms = -_GOOD_MS  # when it last did not
        self.strays = False  # on one phase the charger was seen to draw on more
        self.seen_ms = 0  # when the charger's newest answer came
        self.moves_to = 0  # what the switch is told; 0: it rests
        self.told_ms = 0
        self.source = ""  # why it is moved
        self.stops_ms = -1  # since when the charger is stopped for that; -1: it is not
        self.rest_ms = 0  # until when it rests afterwards
        self.again_ms = 0  # not before this: a move failed
        self.lean_ms = 0  # since when there is enough for one phase and too little for all
        self.ample_ms = 0  # since when there is enough for all
        self.doubt_ms = 0  # since when it is elsewhere than it was left
        self.foreign = False
        self.room_w = 0  # of the charger in this tick on all phases, and on one
        self.room_one_w = 0

    def look(self, state: State, image: Image, now_ms: int) -> None:
        """Find out what the switch stands on, and let the charger count with that; before it is looked at."""
        switch, charger, written = self.switch, self.charger, self.switch.written
        sample = image.fresh(switch.index, now_ms, switch.contract.stale_ms)
        told = 0 if sample is None else sample.values.get(q.PHASES) or 0
        if sample is None or not 1 <= told <= 3:
            told, self.away_ms = 0, now_ms
        elif sample.at_ms - self.away_ms < _GOOD_MS:
            told = 0
        kept = 0 if written is None or written.evidence != record.READBACK else written.kept
        self.answers = told > 0
        self.stands = told if told == 3 or (told == 1 and kept == 1) else 0
        drawn = image.fresh(charger.index, now_ms, charger.contract.stale_ms)
        if drawn is not None:
            self.seen_ms = drawn.at_ms
            self.strays = self.strays or (self.stands == 1 and not self.moves_to and _phases_in(drawn.values) > 1)
        charger.phases = self.one if self.stands == 1 and self.moves_to != 3 and not self.strays else self.all
        if self.moves_to:
            return
        if self.stands:
            switch.guard.running = self.stands == 3
        if not told or not kept or told == kept:
            self.doubt_ms = now_ms
        if now_ms - self.doubt_ms >= _DOUBT_MS if not self.foreign else told == kept:
            self.foreign = not self.foreign
            status = record.FOREIGN_CONTROLLER if self.foreign else record.CONTROL_REGAINED
            state.note([record.DEVICE_STATE, now_ms, switch.index, status])

    def compare(self, state: State, find_cap: Callable[[State, Unit], None]) -> None:
        """Find out what room the charger has on all phases and on one; its cap is to be found anew afterwards."""
        charger = self.charger
        phases, source, share_w = charger.phases, charger.source, charger.share_w
        charger.source = ""  # as if it had nothing yet: what it had on other phases says nothing
        charger.phases = self.all
        find_cap(state, charger)
        self.room_w = charger.cap_w
        charger.phases = self.one
        if share_w < self.least_w(3):
            charger.share_w = UNKNOWN_W  # its equals left nothing that would do for all phases
        find_cap(state, charger)
        self.room_one_w = charger.cap_w
        charger.phases, charger.source, charger.share_w = phases, source, share_w

    def least_w(self, phases: int) -> int:
        """Return the least that the charger charges with on so many phases."""
        return self.charger.contract.minimum * phases * NOMINAL_MV // 1000000

    def follow(self, state: State, now_ms: int) -> None:
        """Decide for the switch, and hold the charger while that moves and rests."""
        switch, charger = self.switch, self.charger
        switch.decide(None, switch.wanted_source)
        if self.moves_to:
            self._watch(now_ms)
        else:
            wish = self._wish(state, now_ms)
            if wish and wish != self.stands and now_ms >= self.again_ms and self._may_move(wish, now_ms):
                self._move(wish, now_ms)
            else:
                self.stops_ms = -1
        if self.moves_to or self.stops_ms >= 0 or now_ms < self.rest_ms:
            charger.decide(charger.lowest(), PHASES)
            charger.guard.put_off(PHASES, self.rest_ms)

    def _wish(self, state: State, now_ms: int) -> int:
        """Return the phases that are wanted, 0: those that it is on. Who is not seen is left where it is."""
        switch, charger = self.switch, self.charger
        doubtful = self.doubt_ms != now_ms and not self.foreign
        if not self.answers or doubtful or not charger.drawn_known or cause_of(charger):
            self.lean_ms = self.ample_ms = now_ms
            return 0
        one_w, all_w, aimed_w = self.least_w(1), self.least_w(3), _aimed_w(state, charger, now_ms)
        limited = charger.runs(charger.wanted) and self.room_w < all_w and self.room_one_w >= one_w
        if not one_w <= aimed_w < all_w or self.room_one_w < one_w:
            self.lean_ms = now_ms
        if min(self.room_w, aimed_w) * 10 < all_w * 11:
            self.ample_ms = now_ms
        self.source = switch.wanted_source
        if switch.wanted is not None:
            return switch.wanted
        if self.stands != 3 and now_ms - self.ample_ms >= _STEADY_MS:
            return 3
        if limited or now_ms - self.lean_ms >= _STEADY_MS:
            self.source = charger.cap_name if limited else charger.wanted_source
            return 1
        return 0

    def _may_move(self, to: int, now_ms: int) -> bool:
        """Ask the switch's timers."""
        switch = self.switch
        if protection.may_start(switch, now_ms) if to == 3 else protection.ask(switch, to, now_ms) == to:
            return True
        switch.decide(None, switch.guard.source)
        return False

    def _move(self, to: int, now_ms: int) -> None:
        """Stop the charger, and tell the switch once nothing is drawn."""
        if self.stops_ms < 0:
            self.stops_ms = now_ms
        if self._stands_still():
            self.moves_to, self.told_ms, self.stops_ms, self.strays = to, now_ms, -1, False
            self.switch.decide(to, self.source)
        elif now_ms - self.stops_ms >= _STOP_MS:
            self.stops_ms, self.again_ms = -1, now_ms + _AGAIN_MS

    def _stands_still(self) -> bool:
        """Tell whether the charger took its stop, and said since then that it draws nothing."""
        charger, written = self.charger, self.charger.written
        if charger.power_of(charger.setpoint) or written is None or charger.written_ms < charger.guard.moved_ms:
            return False
        stopped = written.outcome == record.APPLIED and written.setpoint == charger.setpoint
        return stopped and self.seen_ms >= charger.written_ms and charger.said_w < _STILL_W

    def _watch(self, now_ms: int) -> None:
        """Wait until the switch is where it was told to be, and then for its rest; at last leave it where it is."""
        switch = self.switch
        written = switch.written if switch.written_ms > self.told_ms else None
        kept = written is not None and written.evidence == record.READBACK and written.kept == self.moves_to
        there = kept and self.stands == self.moves_to
        if not there and now_ms - self.told_ms < _RESPONSES * switch.contract.response_ms:
            switch.decide(self.moves_to, self.source)
            return
        self.rest_ms, self.moves_to = now_ms + _REST_MS, 0
        if not there:
            self.again_ms = now_ms + _AGAIN_MS


def _aimed_w(state: State, charger: Unit, now_ms: int) -> int:
    """Return what a target leaves for the charger, more than there is without one; batteries would yield to it."""
    for circuit in charger.chain:
        if charger.steered and circuit.aim is not None and circuit.shown_w is not None:
            left_w = circuit.aim.value_at(now_ms) - circuit.shown_w + charger.drawn_w
            for unit in state.powered:
                if unit.contract.kind == capabilities.BATTERY and circuit in unit.chain:
                    left_w += max(unit.drawn_w, 0)
            return left_w
    return UNKNOWN_W


def _phases_in(values: dict[int, int]) -> int:
    """Return on how many phases somebody draws."""
    found = 0
    for phase in (0, 1, 2):
        found += abs(phase_current_ma(values, phase) or 0) >= _STRAY_MA
    return found
