"""Starts the agent that boot.json names. It lies on a board's file system, outside of the image, and so is small.

boot.json   now: which of the two slots runs, "a" or "b"; before: where to go back to; rom: whether the slots are the
            halves of the firmware's ROMFS partition, else they are folders; site: what becomes site.json first
trial.json  [slot, starts left] of an agent that is new: one that ran for a minute removes it, and when no start is
            left the one before takes over with the configuration that it had
Each is replaced whole, so that a power cut leaves the old or the new one. `siteward board push` writes them.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

READY_MS = 60000
AGAIN_S = 10


def read(path: str) -> Any:
    """Return what a file of JSON holds, None where there is none or it is none."""
    try:
        with open(path) as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def replace(path: str, text: str) -> None:
    """Put a text in place whole."""
    with open(path + ".new", "w") as file:
        file.write(text)
        file.flush()
    os.rename(path + ".new", path)


def chosen(folder: str) -> Any:
    """Return boot.json after what an unready agent and a change of configuration do to it."""
    boot, trial = read(folder + "/boot.json"), read(folder + "/trial.json")
    if boot is None:
        return None
    if trial is not None and trial[0] == boot["now"]:
        if trial[1] > 0:
            replace(folder + "/trial.json", json.dumps([trial[0], trial[1] - 1]))
        elif boot["before"]:
            back = boot["before"]
            print(json.dumps({"fact": "gone back", "from": boot["now"], "to": back}))
            boot = {"now": back, "before": boot["now"], "rom": boot["rom"], "site": "site-" + back + ".json"}
            replace(folder + "/boot.json", json.dumps(boot))
    if boot["site"]:
        site = read(folder + "/" + boot["site"])
        if site is not None:
            with open(folder + "/" + boot["site"]) as file:
                replace(folder + "/site.json", file.read())
        boot["site"] = None
        replace(folder + "/boot.json", json.dumps(boot))
    return boot


def place(folder: str, boot: Any) -> str:
    """Return where the modules of the chosen slot are to be found; a half of the ROMFS partition is mounted."""
    if not boot["rom"]:
        return folder + "/" + boot["now"]  # type: ignore[no-any-return]
    import vfs

    part = vfs.rom_ioctl(2, 0)
    half_bytes = part.ioctl(4, 0) // 2 * part.ioctl(5, 0)
    at = half_bytes if boot["now"] == "b" else 0
    vfs.mount(vfs.VfsRom(memoryview(part)[at : at + half_bytes]), "/agent")
    return "/agent"


async def settle(path: str) -> None:
    """End the trial of an agent that has run for a minute."""
    await asyncio.sleep_ms(READY_MS)  # type: ignore[attr-defined]
    try:
        os.remove(path)
    except OSError:
        pass


def main() -> None:
    """Run the agent; when it ends, start the board anew."""
    folder = os.getcwd()
    if folder == "/":
        folder = ""
    boot = chosen(folder)
    if boot is None:
        print("siteward: nothing is installed here: siteward board push")
        return
    try:
        sys.path[:] = [place(folder, boot), ".frozen"]
        asyncio.create_task(settle(folder + "/trial.json"))  # noqa: RUF006 - MicroPython's loop keeps it
        __import__("siteward").run(folder)  # the image's one module: tools/link.py
    except Exception as error:  # noqa: BLE001 - whatever it is, the board starts anew
        sys.print_exception(error)  # type: ignore[attr-defined]
    time.sleep(AGAIN_S)
    import machine

    machine.reset()


main()
