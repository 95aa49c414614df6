"""Loaded before a board's agent: makes this process a board of the world that BOARD_WORLD names."""

import gc
import sys

import uos

HERE = next(path for path in sys.path if path.endswith("tests/fakes"))
sys.path.remove(HERE)
sys.path.insert(1, HERE)  # before what is frozen: `time`, `os` and `machine` are ours
sys.path.append(uos.getenv("BOARD_TESTS"))

import esp32  # noqa: F401
import machine  # noqa: F401
import network  # noqa: F401
import rp2  # noqa: F401
import world

for name in ("time", "os"):
    sys.modules.pop(name, None)
import os  # noqa: F401
import time  # noqa: F401

gc.collect()
world.say("heap %d" % gc.mem_alloc())
