"""`make soak-board`: a board's whole agent on a board's heap, for an hour: does it grow, does it hold its limit?"""

from __future__ import annotations
