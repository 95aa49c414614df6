"""`machine.Pin`: an output's levels are noted in the world."""

from world import pin_changes


class Pin:
    IN, OUT = 0, 1
    PULL_UP, PULL_DOWN = 1, 2

    def __init__(self, id, mode=-1, pull=-1, value=None):
        self.id = id
        self._level = 0
        if value is not None:
            self.value(value)

    def value(self, level=None):
        if level is None:
            return self._level
        self._level = 1 if level else 0
        pin_changes(self.id, self._level)
        return None

    __call__ = value

    def __str__(self):
        return "Pin(%s)" % self.id
