"""A board whose journal is a ring on flash: it starts, is unplugged, goes on; without flash it says so."""

from __future__ import annotations

import json
import subprocess
import sys

from agent.journal import CHECKPOINT, DAMAGED, RECORD, Journal
from boards.micropython.flash_file import FlashFile
from boards.micropython.ring_store import RingStore
from tests.board import board_path, micropython, output_of
from tests.needs import ROOT

BLOCKS, UNIT_BYTES = 256, 16  # as boards.micropython_unix has it
SITE = {
    "site": {"name": "test", "meter": "grid", "import_limit_w": 17250, "export_limit_w": 0, "fuse_ma": 25000},
    "agent": {"key": "agent.key", "journal": "ring:journal"},
    "authority": [],
    "bus": [{"id": "lan", "kind": "tcp", "host": "127.0.0.1", "port": 9}],
    "device": [{"id": "grid", "driver": "eastron-sdm630", "bus": "lan"}],
}
WITHOUT_FLASH = """
import sys
sys.path[:] = {folders!r}.split(":") + [".frozen"]
from boards.micropython.site import Board, run_site
from boards.micropython.watchdog import NoWatchdog
sys.exit(run_site({folder!r}, Board("bare", 8, NoWatchdog(), None)))
"""


def laid_out(folder):
    (folder / "agent.key").write_bytes(bytes(31) + b"\x01")
    (folder / "site.json").write_text(json.dumps(SITE))
    return folder


def test_an_agent_on_a_ring_is_unplugged_and_goes_on(tmp_path):
    folder = laid_out(tmp_path)
    for epoch in (1, 2, 3):
        command = [sys.executable, "-m", "tools.board_process", str(folder)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        said = process.stdout.readline()
        process.kill()
        process.wait()
        process.stdout.close()
        assert json.loads(said)["epoch"] == epoch, said
    store = RingStore(FlashFile(str(folder / "journal.flash"), BLOCKS), UNIT_BYTES, 1 << 20)
    kinds = [kind for kind, _, _ in Journal(store, 32768).frames()]
    assert kinds.count(CHECKPOINT) == 3 and kinds.count(RECORD) >= 3 and DAMAGED not in kinds
    assert len(store.segments()) == 3


def test_a_board_without_flash_refuses_a_ring_in_one_sentence(tmp_path):
    script = tmp_path / "bare.py"
    script.write_text(WITHOUT_FLASH.format(folders=board_path(), folder=str(laid_out(tmp_path))))
    said = output_of(micropython(str(script)))
    assert said == "siteward: [agent] journal = ring:journal: this board has no flash for it\n"
