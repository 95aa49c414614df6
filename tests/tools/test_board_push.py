"""`siteward board push` on MicroPython behind a serial port: a cable pulled anywhere leaves an agent, old or new."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import threading
import tty

import pytest

from tests.needs import needs_program
from tests.tools.board_on_pty import BoardOnPty
from tests.tools.board_sites import SITE
from tests.tools.board_sites import build as real_build
from tests.tools.small_builds import BROKEN, copy_of, retell, small_build
from tools import board_build, board_check, board_line, board_push
from tools.board_line import BoardLine
from tools.errors import UsageError

ROM_BYTES = 256 * 1024
FULL_S = 0.5  # the kernel makes room in a line once more when it moves what was written
KEY = bytes(range(1, 33))


@pytest.fixture(scope="module")
def builds(tmp_path_factory):
    needs_program("micropython")
    folder = tmp_path_factory.mktemp("builds")
    return {
        "old": small_build(folder, "old"),
        "new": small_build(folder, "new"),
        "broken": small_build(folder, "broken", BROKEN),
    }


@pytest.fixture
def keys(tmp_path):
    return folder_of_keys(tmp_path / "keys", KEY)


def folder_of_keys(folder, key, mode=0o600):
    folder.mkdir()
    (folder / "agent.key").write_bytes(key)
    (folder / "agent.key").chmod(mode)
    return folder


@pytest.fixture
def board(tmp_path):
    yield from plugged(tmp_path / "board")


@pytest.fixture
def rom_board(tmp_path):
    yield from plugged(tmp_path / "board", ROM_BYTES)


def plugged(folder, rom_bytes=0):
    needs_program("micropython")
    folder.mkdir()
    made = BoardOnPty(folder, rom_bytes).wait()
    try:
        yield made
    finally:
        made.close()


def push(board, build, keys=None, replace_keys=False):
    boots, received = board.wait().boots, board.received
    try:
        return board_push.run(str(build), board.port, keys=keys, replace_keys=replace_keys, as_json=True)
    except UsageError:
        if board.received > received:  # whatever went wrong, it is started anew
            board.wait_for_boot(boots)
        raise


def boot_of(board):
    return json.loads((board.folder / "boot.json").read_text())


def test_a_bare_board_comes_to_a_ready_agent(board, keys, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(board_check, "heap_on_twin", lambda *_: 0)  # measured in test_board_build.py
    monkeypatch.setattr(board_build, "sizes_alone", lambda *_: {})
    built = real_build(tmp_path / "site", SITE + '[console]\nport = "stdio"\n')
    capsys.readouterr()
    assert push(board, built, keys) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ready"]["site"] == "shed"
    assert boot_of(board) == {"now": "a", "before": None, "rom": False, "site": None}
    assert (board.folder / "agent.key").read_bytes() == KEY
    assert push(board, built) == 0
    assert json.loads(capsys.readouterr().out)["written"] == 0


def test_an_update_goes_beside_what_runs_and_back_again(board, builds, keys, capsys):
    assert push(board, builds["old"], keys) == 0
    assert push(board, builds["new"]) == 0
    assert boot_of(board)["now"] == "b"
    assert json.loads((board.folder / "site.json").read_text())["site"]["name"] == "site of new"
    capsys.readouterr()
    assert board_push.go_back(board.wait().port, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["ready"]["agent"] == "old"
    assert json.loads((board.folder / "site.json").read_text())["site"]["name"] == "site of old"


def test_a_configuration_that_was_changed_on_the_board_comes_back_with_its_agent(board, builds, keys):
    push(board, builds["old"], keys)
    (board.folder / "site.json").write_text('{"site": {"name": "changed"}}')
    push(board, builds["new"])
    board_push.go_back(board.wait().port, as_json=True)
    assert json.loads((board.folder / "site.json").read_text())["site"]["name"] == "changed"


@pytest.fixture(scope="module")
def whole_bytes(builds, tmp_path_factory):
    """Return how much a host sends for the update that the next tests cut."""
    folder = tmp_path_factory.mktemp("whole")
    with contextlib.contextmanager(plugged)(folder / "board") as board:
        push(board, builds["old"], folder_of_keys(folder / "keys", KEY))
        before = board.received
        push(board, builds["new"])
        return board.received - before


@pytest.mark.parametrize("after_pm", [50, 700, 820, 900, 950, 985])
def test_a_cable_pulled_leaves_the_old_agent_or_the_new_and_a_second_push_ends_it(
    board, builds, keys, after_pm, whole_bytes, monkeypatch
):
    push(board, builds["old"], keys)
    board.wait().pull(whole_bytes * after_pm // 1000)
    monkeypatch.setattr(board_push, "READY_S", 1)
    with contextlib.suppress(UsageError):
        assert push(board, builds["new"]) == 1
    monkeypatch.undo()
    agent = {"a": "old", "b": "new"}[boot_of(board)["now"]]
    assert after_pm > 900 or agent == "old"
    board.wait(f'"agent": "{agent}"')
    assert json.loads((board.folder / "site.json").read_text())["site"]["name"] == f"site of {agent}"
    assert push(board, builds["new"]) == 0
    assert {path.name for path in (board.folder / boot_of(board)["now"]).iterdir()} == {"siteward.mpy", "only_new.mpy"}
    assert not list(board.folder.rglob("*.part"))


def test_what_a_cut_left_is_gone_on_with(board, builds, keys, whole_bytes):
    push(board, builds["old"], keys)
    board.wait().pull(whole_bytes * 7 // 10)
    with pytest.raises(UsageError, match="the board was lost"):
        push(board, builds["new"])
    before = board.received
    push(board, builds["new"])
    assert board.received - before < whole_bytes * 6 // 10


def test_an_agent_that_never_gets_ready_gives_way_to_the_one_before(board, builds, keys, capsys):
    push(board, builds["old"], keys)
    capsys.readouterr()
    assert push(board, builds["broken"]) == 1
    assert "broken is broken" in json.loads(capsys.readouterr().out)["said"]
    board.wait('gone back.*"agent": "old"')
    assert boot_of(board) == {"now": "a", "before": "b", "rom": False, "site": None}
    assert json.loads((board.folder / "site.json").read_text())["site"]["name"] == "site of old"


def test_an_agent_that_ran_long_enough_is_on_trial_no_more(board, builds, keys):
    push(board, builds["old"], keys)
    push(board, builds["new"])
    board.wait('"agent": "new".*on trial no more')
    assert not (board.folder / "trial.json").exists()


def test_a_romfs_partition_is_executed_in_place_half_by_half(rom_board, builds, keys, tmp_path, capsys):
    for name, slot in (("old", "a"), ("new", "b")):
        build = copy_of(builds[name], tmp_path / name)
        retell(build, in_place=True)
        capsys.readouterr()
        assert push(rom_board, build, keys) == 0
        assert json.loads(capsys.readouterr().out)["ready"]["agent"] == name
        assert boot_of(rom_board)["now"] == slot
        image, at = (build / "agent.romfs").read_bytes(), 0 if slot == "a" else ROM_BYTES // 2
        assert (rom_board.folder / "rom").read_bytes()[at : at + len(image)] == image
    assert not (rom_board.folder / "a").exists()


def test_a_cable_pulled_while_flash_is_written_is_gone_on_with(rom_board, builds, keys):
    push(rom_board, builds["old"], keys)
    rom_board.wait().pull(20000)
    with pytest.raises(UsageError, match="the board was lost"):
        push(rom_board, builds["new"])
    assert boot_of(rom_board)["now"] == "a"
    before = rom_board.received
    assert push(rom_board, builds["new"]) == 0
    assert rom_board.received - before < 30000
    assert boot_of(rom_board)["now"] == "b"


def test_a_key_on_the_board_is_never_replaced_unasked(board, builds, keys, tmp_path, capfd):
    push(board, builds["old"], keys)
    other = folder_of_keys(tmp_path / "other", KEY[::-1])
    with pytest.raises(UsageError, match="another agent"):
        push(board, builds["new"], other)
    assert (board.folder / "agent.key").read_bytes() == KEY
    assert boot_of(board)["now"] == "a"
    assert push(board, builds["new"], other, replace_keys=True) == 0
    assert (board.folder / "agent.key").read_bytes() == KEY[::-1]
    said = "".join(capfd.readouterr())
    assert KEY.hex() not in said
    assert repr(KEY)[2:-1] not in said


def test_a_key_that_is_missing_or_none_is_told_before_anything_is_written(board, builds, tmp_path):
    with pytest.raises(UsageError, match=r"the board has no agent\.key"):
        push(board, builds["old"])
    assert list(board.folder.iterdir()) == []
    with pytest.raises(UsageError, match="chmod 600"):
        push(board, builds["old"], folder_of_keys(tmp_path / "open", KEY, 0o644))
    with pytest.raises(UsageError, match="32 raw bytes"):
        push(board, builds["old"], folder_of_keys(tmp_path / "pem", b"-----BEGIN"))


def test_a_main_of_somebody_else_stays(board, builds, keys):
    (board.folder / "main.py").write_text("print('mine')\n")
    with pytest.raises(UsageError, match="somebody else"):
        push(board, builds["old"], keys)
    assert (board.folder / "main.py").read_text() == "print('mine')\n"


@pytest.mark.parametrize(
    ("told", "said"), [({"mpy": 5}, "bytecode version 5"), ({"mpy_cross": "1.20.0"}, "mpy-cross 1.20.0")]
)
def test_bytecode_of_another_release_is_refused_with_both(board, builds, keys, tmp_path, told, said):
    build = copy_of(builds["old"], tmp_path / "other")
    retell(build, **told)
    with pytest.raises(UsageError, match="runs MicroPython") as refused:
        push(board, build, keys)
    assert said in str(refused.value)


def test_full_flash_is_told_and_the_old_agent_stays(board, builds, keys):
    push(board, builds["old"], keys)
    (board.folder / "b").mkdir()
    (board.folder / "b" / "siteward.mpy.part").symlink_to("/dev/full")
    with pytest.raises(UsageError, match="file system is full"):
        push(board, builds["new"])
    assert boot_of(board)["now"] == "a"


FACTS = {"rom": 0, "platform": "rp2", "machine": "Pico W", "boot": "", "free": 10**6}


def test_a_board_without_room_is_refused(builds, tmp_path):
    in_place = copy_of(builds["old"], tmp_path / "in-place")
    retell(in_place, in_place=True)
    for build, facts, said in (
        (in_place, FACTS, "no ROMFS partition"),
        (in_place, dict(FACTS, rom=4096), "has 4096 bytes"),
        (builds["old"], dict(FACTS, free=4096), "has 4096 bytes free"),
    ):
        with pytest.raises(UsageError, match=said):
            board_push.check_room(facts, board_push.load(str(build)))
    assert board_push.check_room(dict(FACTS, rom=10**6), board_push.load(str(in_place)))


def test_a_build_that_was_changed_is_refused(builds, tmp_path):
    build = copy_of(builds["old"], tmp_path / "changed")
    (build / "agent.romfs").write_bytes(b"")
    for folder, said in ((build, "not as it was built"), (tmp_path / "none", "is no build")):
        with pytest.raises(UsageError, match=said):
            board_push.load(str(folder))


def test_a_port_that_cannot_be_used_is_told_by_its_reason(builds, keys, monkeypatch):
    for name, few in (("ASKS", 1), ("TRIES", 1), ("SILENCE_S", 0.2)):
        monkeypatch.setattr(board_line, name, few)
    outer, port = os.openpty()
    tty.setraw(port)
    try:
        for name, said in (("/dev/ttyNONE", "no such port"), (os.ttyname(port), "no MicroPython answers")):
            with pytest.raises(UsageError, match=said):
                BoardLine(name)
        os.set_blocking(port, False)
        while select.select([], [port], [], FULL_S)[1]:
            with contextlib.suppress(BlockingIOError):
                os.write(port, bytes(64))
        with pytest.raises(UsageError, match=r"no MicroPython answers there .*timeout"):  # it takes nothing
            BoardLine(os.ttyname(port))
        fcntl.flock(port, fcntl.LOCK_EX)
        with pytest.raises(UsageError, match="another program"):
            BoardLine(os.ttyname(port))
    finally:
        os.close(outer)
        os.close(port)


def test_a_board_that_never_falls_silent_is_told():
    outer, port = os.openpty()
    tty.setraw(port)
    ended = threading.Event()

    def talk():
        while not ended.is_set():
            if select.select([], [outer], [], 0.01)[1]:
                os.write(outer, board_line.BANNER)

    talking = threading.Thread(target=talk)
    talking.start()
    try:
        with pytest.raises(UsageError, match="it never falls silent"):
            BoardLine(os.ttyname(port))
    finally:
        ended.set()
        talking.join()
        os.close(outer)
        os.close(port)


def test_a_board_that_is_held_has_its_watchdog_armed_and_fed(board, builds, keys):
    line = BoardLine(board.port)
    try:
        first = line.ask("machine.fed")
        line.run("W()")
        assert line.ask("machine.fed") == first + 1
    finally:
        line.close()
