"""`siteward board push`: install a build beside the one that a board runs, verify it there, then switch.

The order makes every cut harmless: bytecode into the slot that does not run, keys, the slot's configuration, and last
boot.json, whose rename is the switch (boards/bare/main.py reads it). Until then the board runs what it ran; afterwards
the new agent has three starts to run for a minute, or the one before comes back with its configuration.
Keys are compared by hash and are neither read back nor printed.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.board_build import FORMAT, IMAGE, OUR_MAIN, OURS, default_folder
from tools.board_line import BoardLine, Faulty, Lost
from tools.board_manifest import SECRETS
from tools.board_slots import FolderSlot, RomSlot, Slot, hash_of, put_file, sha
from tools.console import ByteProgress, printable
from tools.errors import UsageError

STARTS = 3
READY_S = 90
KEY_BYTES = 32
DER_BEGINS = 0x30  # ASN.1 SEQUENCE
FACTS = (
    '{"version":list(sys.implementation[1])[:3],"mpy":getattr(sys.implementation,"_mpy",0),"platform":sys.platform,'
    '"machine":getattr(sys.implementation,"_machine",""),"free":os.statvfs(F or "/")[0]*os.statvfs(F or "/")[3],'
    '"rom":R()[1],"boot":T(F+"/boot.json"),"main":T(F+"/main.py")[:40],"site":S(F+"/site.json")}'
)


@dataclass(frozen=True)
class Build:
    """A folder that `siteward board build` made."""

    folder: Path
    told: dict[str, Any]
    contents: dict[str, bytes]  # what goes to the board as it is, by its path in the folder

    @property
    def image(self) -> bytes:
        """Return the ROMFS image."""
        return self.contents[IMAGE]

    @property
    def bytecode(self) -> dict[str, bytes]:
        """Return the files of a folder of bytecode."""
        return {Path(name).name: content for name, content in self.contents.items() if name.startswith("mpy/")}


def run(build: str, port: str, *, keys: Path | None, replace_keys: bool, as_json: bool) -> int:
    """Install and wait for the agent; 1 when it does not get ready. Raises: UsageError."""
    loaded = load(build)
    own = key_files(loaded, keys)
    line = BoardLine(port)
    try:
        with _to_the_end(line, "run it again to go on"):
            told = install(line, loaded, own, replace_keys=replace_keys)
        said = outcome(line)
    finally:
        line.close()
    return report(dict(told, **said), as_json=as_json)


def go_back(port: str, *, as_json: bool) -> int:
    """Switch to what ran before the last push, with its configuration. Raises: UsageError."""
    line = BoardLine(port)
    try:
        with _to_the_end(line, "run it again"):
            boot = boot_of(facts_of(line))
            if not boot or not boot["before"]:
                raise UsageError("there is nothing before what this board runs")
            back = {**boot, "now": boot["before"], "before": boot["now"], "site": f"site-{boot['before']}.json"}
            line.run('try: os.remove(F+"/trial.json")\nexcept OSError: pass')
            keep_site(line, boot["now"])
            put_file(line, "boot.json", json.dumps(back).encode())
        said = outcome(line)
    finally:
        line.close()
    return report({"slot": back["now"], "written": 0, **said}, as_json=as_json)


@contextlib.contextmanager
def _to_the_end(line: BoardLine, advice: str) -> Any:
    """Start the board anew whatever happens; say in a sentence what did."""
    try:
        yield
    except Lost as error:
        raise UsageError(f"{line.port}: the board was lost ({error}); it runs what it ran before: {advice}") from error
    except Faulty as fault:
        raise UsageError(f"{line.port}: the board said {printable(str(fault))}; it runs what it ran before") from fault
    finally:
        line.reset()


def load(build: str) -> Build:
    """Read a build and check that it is whole. Raises: UsageError."""
    folder = Path(build) if (Path(build) / OURS).is_file() else default_folder(build)
    try:
        told = json.loads((folder / OURS).read_text(encoding="utf-8"))
        contents = {name: (folder / name).read_bytes() for name in told["files"]}
        whole = told["format"] == FORMAT and all(
            sha(contents[name]) == row["sha256"] for name, row in told["files"].items()
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{folder} is no build: siteward board build {printable(build)} --site SITE.toml") from error
    if not whole:
        raise UsageError(f"{folder} is not as it was built: build it again")
    return Build(folder, told, contents)


def key_files(build: Build, keys: Path | None) -> dict[str, bytes]:
    """Return the keys and certificates of a folder that the site names. Raises: UsageError for one that is none."""
    found = {}
    for name, kind in build.told["named"].items() if keys is not None else ():
        path = keys / name
        if not path.is_file():
            continue
        if kind in SECRETS and path.stat().st_mode & 0o077:
            raise UsageError(f"the private key {path} can be read by others: chmod 600 it")
        content = path.read_bytes()
        if kind in ("key", "next_key") and len(content) != KEY_BYTES:
            raise UsageError(f"{path}: expected the 32 raw bytes of a key: siteward key new --raw {path}")
        if kind in ("ca", "cert", "cert_key") and content[:1] != bytes([DER_BEGINS]):
            raise UsageError(f"{path}: expected DER, as a board reads it: openssl can write -outform DER")
        found[name] = content
    return found


def facts_of(line: BoardLine) -> dict[str, Any]:
    """Return what there is to know of a board before anything is written. Raises: Lost, Faulty."""
    facts: dict[str, Any] = line.ask(FACTS)
    return facts


def boot_of(facts: dict[str, Any]) -> dict[str, Any] | None:
    """Return the board's boot.json, None where nothing of ours was installed yet."""
    try:
        boot: dict[str, Any] = json.loads(facts["boot"])
    except ValueError:
        return None
    return boot


def install(line: BoardLine, build: Build, own: dict[str, bytes], *, replace_keys: bool) -> dict[str, Any]:
    """Bring a board to a build; return what was done. Raises: UsageError, Lost, Faulty."""
    facts = facts_of(line)
    if facts["main"] and not facts["main"].startswith(OUR_MAIN):
        raise UsageError("the board has a main.py of somebody else: take it off first, with mpremote rm main.py")
    check_firmware(facts, build)
    in_rom = check_room(facts, build)
    replaced = check_keys(line, build, own, replace_keys=replace_keys)
    boot = boot_of(facts)
    now = boot["now"] if boot and boot["rom"] == in_rom else None
    site = build.contents["site.json"]
    if now and slot_of(line, now, build, in_rom).holds() and hash_of(line, "site.json", len(site)) == sha(site):
        write_keys(line, own, replaced)
        write_main(line, build)
        return {"slot": now, "written": 0}
    target = "b" if now == "a" else "a"
    size_bytes = len(build.image) if in_rom else sum(map(len, build.bytecode.values()))
    bar = ByteProgress(size_bytes)
    try:
        slot_of(line, target, build, in_rom).fill(lambda sent: bar.step(sent, f"slot {target}"))
    finally:
        bar.close()
    put_file(line, f"site-{target}.json", site)
    if now:
        keep_site(line, now)
    write_main(line, build)
    write_keys(line, own, replaced)
    put_file(line, "trial.json", json.dumps([target, STARTS]).encode())
    switch = {"now": target, "before": now, "rom": in_rom, "site": f"site-{target}.json"}
    put_file(line, "boot.json", json.dumps(switch).encode())
    return {"slot": target, "written": size_bytes}


def keep_site(line: BoardLine, slot: str) -> None:
    """Keep the present configuration, which a console may have changed, for the way back. Raises: Lost, Faulty."""
    line.run(
        f'if S(F+"/site.json")>=0:\n with open(F+"/site-{slot}.new","w") as f: f.write(T(F+"/site.json"))\n'
        f' os.rename(F+"/site-{slot}.new",F+"/site-{slot}.json")'
    )


def slot_of(line: BoardLine, name: str, build: Build, in_rom: bool) -> Slot:
    """Return a slot as this board has it."""
    return RomSlot(line, name, build.image) if in_rom else FolderSlot(line, name, build.bytecode)


def check_firmware(facts: dict[str, Any], build: Build) -> None:
    """Refuse firmware that does not load this bytecode. Raises: UsageError.

    Source: MicroPython documentation, "MicroPython .mpy files": the version is the low byte of `_mpy` and the second
    of a file; the sub-version matters to native code alone, and there is none here.
    """
    has, wants = facts["mpy"] & 0xFF, build.told["mpy"]
    runs, made = ".".join(map(str, facts["version"])), build.told["mpy_cross"]
    if has != wants or facts["version"][:2] != [int(part) for part in made.split(".")[:2]]:
        raise UsageError(
            f"the board runs MicroPython {runs}, bytecode version {has}; this build was made by mpy-cross {made}, "
            f"bytecode version {wants}: both must be of one release, see docs/boards.md"
        )


def check_room(facts: dict[str, Any], build: Build) -> bool:
    """Tell whether the build goes into the ROMFS partition; refuse a board that cannot hold it. Raises: UsageError."""
    if facts["rom"] >= len(build.image):
        return True
    if facts["rom"]:
        raise UsageError(f"a slot of the ROMFS partition has {facts['rom']} bytes, the image {len(build.image)}")
    if build.told["in_place"] and facts["platform"] != "linux":
        raise UsageError(
            f"the firmware of this {printable(facts['machine'])} has no ROMFS partition, and {build.told['board']} has "
            "no heap for an agent that is not executed in flash: see docs/boards.md"
        )
    needed = sum(map(len, build.bytecode.values()))
    boot = boot_of(facts)
    if not boot and facts["free"] < needed:
        raise UsageError(f"the board's file system has {facts['free']} bytes free, this build takes {needed}")
    return False


def check_keys(line: BoardLine, build: Build, own: dict[str, bytes], *, replace_keys: bool) -> list[str]:
    """Return the files to write. Raises: UsageError for one that is missing or a key that differs."""
    missing, wanted = [], []
    for name, kind in build.told["named"].items():
        size_bytes = int(line.ask(f'S(F+"/{name}")'))
        if name not in own:
            missing += [name] if size_bytes < 0 else []
            continue
        if hash_of(line, name, len(own[name])) == sha(own[name]):
            continue
        if kind in SECRETS and size_bytes >= 0 and not replace_keys:
            raise UsageError(
                f"the board has another {name}: --replace-keys puts this one in its place, and that one is gone"
            )
        wanted.append(name)
    if missing:
        raise UsageError(f"the board has no {', '.join(missing)}: --keys DIR names the folder that has")
    return wanted


def write_keys(line: BoardLine, own: dict[str, bytes], names: list[str]) -> None:
    """Write keys and certificates, each whole or not at all. Raises: UsageError, Lost, Faulty."""
    for name in names:
        put_file(line, name, own[name])


def write_main(line: BoardLine, build: Build) -> None:
    """Write what starts the agent, in place of none but ours. Raises: UsageError, Lost, Faulty."""
    content = build.contents["main.py"]
    if hash_of(line, "main.py", len(content)) != sha(content):
        put_file(line, "main.py", content)


def outcome(line: BoardLine) -> dict[str, Any]:
    """Return what the board says once it runs: the agent's ready line, or why there is none."""
    last = ""
    for text in line.lines(READY_S):
        _, brace, fact = text.partition("{")  # what the firmware said last may stand before it
        with contextlib.suppress(ValueError):
            told = json.loads(brace + fact)
            if told.get("fact") == "ready":
                return {"ready": told}
        if "siteward: " in text or "Error: " in text:
            last = text
            break
    return {"ready": None, "said": last}


def report(told: dict[str, Any], *, as_json: bool) -> int:
    """Print what came of it; return the exit code."""
    ready = told["ready"]
    if as_json:
        print(json.dumps(told))
    elif ready is None:
        print(printable(f"installed in slot {told['slot']}, and not ready: {told['said'] or 'the board says nothing'}"))
    else:
        kept = "was there already" if not told["written"] else f"{told['written']} bytes written and verified"
        print(f"slot {told['slot']}: {kept}")
        print(
            printable(f"ready: site {ready['site']}, agent {ready['agent']}, {ready['free_bytes']} bytes of heap free")
        )
    return 0 if ready else 1
