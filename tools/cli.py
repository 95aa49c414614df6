"""The `siteward` command. Each sub-command is imported when it is asked for, so that none needs the others' parts.

Exit codes: 0 done, 1 done and found wanting, 2 misused, 130 interrupted, 143 terminated.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import tomllib
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from tools.console import printable
from tools.errors import UsageError
from tools.field_parsers import add_field_tools
from tools.owner_parser import add_owner

MISUSED, INTERRUPTED, TERMINATED = 2, 130, 143
# import -> extra
PARTS = {
    "cbor2": "verify", "cryptography": "gateway", "mpremote": "boards", "paho": "gateway", "pkcs11": "pkcs11",
    "serial": "gateway",
}  # fmt: skip

CONSOLE_HELP = """commands:
  identify | buses | keys           who it is, what it is connected to, which key signs
  read DEVICE | why [DEVICE]        newest numbers with age and quality; what decides
  scan BUS [--first N] [--last N]   which unit addresses answer; Ctrl-C cancels
  events [--seconds S]              facts as they come, JSON lines
  test DEVICE SETPOINT [--lease S]  want a set-point for a while (60 s); SETPOINT release: take it back
  config get [-o FILE]              the configuration without its secrets
  config set FILE                   checked, then taken at the next start
  reboot | erase AGENT              start anew; take the agent off a board

test, config set, reboot and erase unlock the console: by --key, else by a sign that somebody is there.
Exit code: 0 done, 1 the agent refused, 2 misused or no agent, 130 interrupted. The protocol: docs/console.md."""
KEY_HELP = "key file, or pkcs11:token=…;object=…?module-path=… inside a token; rotate: SITE.toml"


class _Terminated(SystemExit):
    """SIGTERM or SIGHUP, raised where the program happens to be so that everything is closed on the way out.

    A SystemExit, because asyncio lets that pass through whatever task it happens to be in.
    """


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, as every other error here."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        raise UsageError(f"{message}; see {self.prog} --help")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one sub-command; return the exit code."""
    signal.signal(signal.SIGTERM, _terminate)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
        signal.signal(signal.SIGHUP, _terminate)
    try:
        arguments = _parser().parse_args(argv)
        code: int = arguments.run(arguments)
    except UsageError as error:
        return _misused(str(error))
    except ModuleNotFoundError as error:
        return _misused(_missing_part(error))
    except BrokenPipeError:  # the reader had enough, as with `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except _Terminated:
        return TERMINATED
    return code


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="siteward", description="Edge agent of an electricity-flexibility market and what belongs to it."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="run the agent of a site on this gateway")
    run.add_argument("site", type=Path, metavar="SITE.toml")
    run.add_argument("--json", action="store_true", help="tell what it does in JSON lines")
    run.set_defaults(run=_run)
    why = commands.add_parser("why", help="ask the running agent why devices do what they do")
    why.add_argument("device", nargs="?", metavar="DEVICE")
    why.add_argument("--site", type=Path, default=Path("SITE.toml"), metavar="SITE.toml", help="default: ./SITE.toml")
    why.add_argument("--json", action="store_true")
    why.set_defaults(run=_why)
    _add_console(commands)
    add_owner(commands, _call)
    headend = commands.add_parser("headend", help="run the reference head-end")
    headend.add_argument("--config", type=Path, required=True, metavar="HEADEND.toml")
    headend.set_defaults(run=_headend)
    _add_verify(commands)
    _add_verify_page(commands)
    _add_disclose(commands)
    _add_replay(commands)
    devices = commands.add_parser("devices", help="list the products that have a driver")
    devices.add_argument("--json", action="store_true")
    devices.add_argument("--write", action="store_true", help="write SUPPORTED.md of this checkout anew")
    devices.set_defaults(run=_devices)
    add_field_tools(commands, _call)
    demo = commands.add_parser("demo", help="show a whole site with simulated devices")
    demo.add_argument("--fast", action="store_true", help="play it in about 50 s instead of 90")
    demo.add_argument(
        "--out", type=Path, default=Path("demo-out"), metavar="DIR", help="where picture, pages and report go"
    )
    demo.set_defaults(run=_demo)
    _add_key(commands)
    _add_erase(commands)
    _add_board(commands)
    _add_simulate(commands)
    version = commands.add_parser("version", help="print the version")
    version.set_defaults(run=_version)
    return parser


def _add_verify(commands: Any) -> None:
    parser = commands.add_parser(
        "verify",
        help="judge signed pages offline",
        description="Judge pages and disclosures from the published format alone, with agents' first keys.",
        epilog="Exit code: 0 all is proven, 1 something is wrong, 2 misused, 130 interrupted.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="page file, a folder of them, - for stdin")
    parser.add_argument(
        "--key",
        action="append",
        required=True,
        metavar="KEY",
        help="first public key of an agent: file, hex, or a folder of key files; may be repeated",
    )
    parser.add_argument(
        "--begun",
        action="append",
        default=[],
        metavar="AGENT=KEY",
        help="a later key of an agent that was begun before the files begin; all others are learned from the pages",
    )
    parser.add_argument(
        "--revoked",
        action="append",
        default=[],
        metavar="KID[@SEQ]",
        help="a key that its operator revoked: what it signs from that record number on is a fault",
    )
    parser.add_argument(
        "--after", action="append", default=[], metavar="HASH", help="hash of a page after which the files begin"
    )
    parser.add_argument(
        "--last-page",
        action="append",
        default=[],
        metavar="HASH",
        help="hash of a page that must be there, say from the last receipt: shows whether an end was cut off",
    )
    parser.add_argument("--json", action="store_true", help="write the report as JSON")
    parser.set_defaults(run=_verify)


def _add_disclose(commands: Any) -> None:
    parser = commands.add_parser(
        "disclose",
        help="show chosen records so that they can be proven without the rest",
        description="Write disclosures of chosen records; `siteward verify` judges and tells them. Needs no key.",
        epilog="Exit code: 0 written, 2 misused or nothing to choose.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="page file")
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--records", metavar="N,N-N", help="these record numbers")
    chosen.add_argument("--device", metavar="ID", help="everything that is said of this device")
    chosen.add_argument(
        "--command", metavar="HASH", help="the decision on a command, what it led to and the readings around it"
    )
    parser.add_argument("--agent", metavar="AGENT", help="of this agent, where the file holds several")
    parser.add_argument("-o", "--out", type=Path, metavar="OUT", help="where to write; standard output without it")
    parser.set_defaults(run=_disclose)


def _add_verify_page(commands: Any) -> None:
    parser = commands.add_parser(
        "verify-page",
        help="open the page that judges evidence in a browser, or write it",
        description="One HTML file for customers: it judges evidence in any browser, offline, and sends nothing.",
    )
    parser.add_argument("-o", dest="out", type=Path, metavar="FILE", help="write the page there instead of opening it")
    parser.set_defaults(run=_verify_page)


def _add_console(commands: Any) -> None:
    parser = commands.add_parser(
        "console",
        help="talk to an agent: identify, read, scan, test, configuration, reboot",
        description="Talk to the agent of a gateway (--site) or of a board (--port), in one conversation.",
        epilog=CONSOLE_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--port", metavar="PORT", help="serial port of a board's console, as /dev/ttyUSB0")
    where.add_argument("--site", type=Path, default=Path("SITE.toml"), metavar="SITE.toml", help="default: ./SITE.toml")
    parser.add_argument("--baud", type=int, default=115200, help="of the port (115200)")
    parser.add_argument("--key", type=Path, metavar="FILE", help="an owner's private key: unlocks by signature")
    parser.add_argument("--json", action="store_true", help="answers as JSON lines")
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND", help="without one: lines of commands")
    parser.set_defaults(run=_console)


def _add_replay(commands: Any) -> None:
    parser = commands.add_parser(
        "replay", help="play the flight recorder's tape again", description="Give the core what it was given once more."
    )
    parser.add_argument("path", type=Path, metavar="FOLDER", help="the recorder's folder, or one file of it")
    moment = "seconds since boot, in the newest epoch, or a time as 2026-11-21T14:32:00Z"
    parser.add_argument("--from", dest="begin", metavar="S", help=moment)
    parser.add_argument("--to", dest="end", metavar="S", help=moment)
    parser.add_argument("--micropython", action="store_true", help="play it inside MicroPython, as a board would")
    parser.add_argument("--make-test", type=Path, metavar="FILE", help="write the range as a scenario for a test")
    parser.add_argument("--json", action="store_true", help="write the report as JSON")
    parser.set_defaults(run=_replay)


def _add_simulate(commands: Any) -> None:
    parser = commands.add_parser(
        "simulate",
        help="run whole sites from seeds in virtual time and judge every tick",
        description="Run the real agent in random simulated sites; the same seed is the same run, byte for byte.",
    )
    parser.add_argument("scenario", nargs="?", default="mixed", metavar="SCENARIO", help="what may happen (mixed)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the first seed (1)")
    parser.add_argument("--seeds", type=int, default=1, metavar="N", help="how many seeds (1)")
    parser.add_argument("--days", type=float, default=0.0, metavar="D", help="simulated days of each seed")
    parser.add_argument(
        "--hours", type=float, default=0.0, metavar="H", help="simulated hours, on top of the days (1; day: 24)"
    )
    parser.add_argument(
        "--only", default=None, metavar="N,N", help="keep only these events of the list; 'none' for none"
    )
    parser.add_argument("--real-signatures", action="store_true", help="ES256 in place of a cheap keyed hash")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes at a time")
    parser.add_argument("--json", action="store_true", help="write one JSON object a seed")
    parser.set_defaults(run=_simulate)


def _add_key(commands: Any) -> None:
    parser = commands.add_parser(
        "key", help="make a key of an agent or authority, show one, or let another follow a gateway's"
    )
    parser.add_argument("action", choices=["new", "show", "rotate"])
    parser.add_argument("path", metavar="FILE", help=KEY_HELP)
    parser.add_argument("--raw", action="store_true", help="new: 32 raw bytes, as a board reads it, instead of PEM")
    parser.add_argument("--status", action="store_true", help="rotate: only say how far it is")
    parser.set_defaults(run=_key)


def _add_erase(commands: Any) -> None:
    parser = commands.add_parser(
        "erase",
        help="take an agent off this gateway: keys, journal, configuration",
        description="Overwrite and remove the keys, the journal, the flight recorder's tape and SITE.toml of an agent.",
    )
    parser.add_argument("site", type=Path, metavar="SITE.toml")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.set_defaults(run=_erase)


def _add_board(commands: Any) -> None:
    parser = commands.add_parser("board", help="build what a microcontroller runs, and install it")
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    build = verbs.add_parser(
        "build",
        help="make the images of a board for a site",
        description="Make bytecode, ROMFS image, mip package and freeze manifest of the agent for one site.",
        epilog="Exit code: 0 built, 2 misused or a site that is too large for its board.",
    )
    build.add_argument("board", metavar="BOARD", help="a file of boards/, as pico_w")
    build.add_argument("--site", type=Path, required=True, metavar="SITE.toml")
    build.add_argument("--out", type=Path, metavar="DIR", help="where it goes; default: build/boards/BOARD")
    build.add_argument("--json", action="store_true")
    build.set_defaults(run=_board_build)
    push = verbs.add_parser(
        "push",
        help="install a build on a board, beside the one that runs there",
        description="Write a build beside the one that runs, verify it there, then switch. Cut short, run it again.",
        epilog="Exit code: 0 installed and ready, 1 installed and not ready, 2 misused or not installed.",
    )
    push.add_argument("build", metavar="BOARD|DIR", help="board whose build is in build/boards/, or the folder of one")
    _add_port(push)
    push.add_argument(
        "--keys", type=Path, metavar="DIR", help="folder with the keys and certificates that the site names"
    )
    push.add_argument("--replace-keys", action="store_true", help="put others in place of keys that the board has")
    push.set_defaults(run=_board_push)
    back = verbs.add_parser("back", help="go back to what a board ran before the last push")
    _add_port(back)
    back.set_defaults(run=_board_back)


def _add_port(parser: Any) -> None:
    parser.add_argument("--port", required=True, metavar="PORT", help="serial port, as /dev/ttyACM0")
    parser.add_argument("--json", action="store_true")


def _run(arguments: argparse.Namespace) -> int:
    site = str(_existing(arguments.site))
    refused = importlib.import_module("boards.cpython.gateway").StartError
    try:
        return _call("boards.linux_gateway", "run", site, as_json=arguments.json)
    except refused as error:
        raise UsageError(str(error)) from error


def _why(arguments: argparse.Namespace) -> int:
    return _call("tools.why", "run", _existing(arguments.site), arguments.device, as_json=arguments.json)


def _console(arguments: argparse.Namespace) -> int:
    return _call("tools.console_command", "run", arguments)


def _headend(arguments: argparse.Namespace) -> int:
    return _call("tools.headend.command", "run", _existing(arguments.config))


def _verify(arguments: argparse.Namespace) -> int:
    return _call("tools.verifier.command", "run", arguments)


def _disclose(arguments: argparse.Namespace) -> int:
    return _call("tools.verifier.disclose", "run", arguments)


def _verify_page(arguments: argparse.Namespace) -> int:
    return _call("tools.verify_page.command", "run", arguments.out)


def _demo(arguments: argparse.Namespace) -> int:
    return _call("tools.demo", "main", fast=arguments.fast, out=arguments.out)


def _replay(arguments: argparse.Namespace) -> int:
    return _call("tools.replay.command", "run", arguments)


def _devices(arguments: argparse.Namespace) -> int:
    return _call("tools.devices", "run", as_json=arguments.json, write=arguments.write)


def _simulate(arguments: argparse.Namespace) -> int:
    return _call("tools.simulate.command", "run", arguments)


def _key(arguments: argparse.Namespace) -> int:
    if arguments.action == "rotate":
        return _call("tools.key_rotation", "run", _existing(Path(arguments.path)), status=arguments.status)
    return _call("tools.key_command", "run", arguments.action, arguments.path, raw=arguments.raw)


def _erase(arguments: argparse.Namespace) -> int:
    return _call("tools.erase", "run", _existing(arguments.site), yes=arguments.yes)


def _board_build(arguments: argparse.Namespace) -> int:
    return _call(
        "tools.board_build", "run", arguments.board, _existing(arguments.site), arguments.out, as_json=arguments.json
    )


def _board_push(arguments: argparse.Namespace) -> int:
    keys = {"keys": arguments.keys, "replace_keys": arguments.replace_keys}
    return _call("tools.board_push", "run", arguments.build, arguments.port, as_json=arguments.json, **keys)


def _board_back(arguments: argparse.Namespace) -> int:
    return _call("tools.board_push", "go_back", arguments.port, as_json=arguments.json)


def _version(_arguments: argparse.Namespace) -> int:
    print(f"siteward {_installed_version()}")
    return 0


def _installed_version() -> str:
    try:
        return metadata.version("siteward")
    except metadata.PackageNotFoundError:  # run from a checkout
        project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())
        return str(project["project"]["version"])


def _call(module: str, function: str, *positional: Any, **named: Any) -> int:
    target: Callable[..., int | None] = getattr(importlib.import_module(module), function)
    return target(*positional, **named) or 0


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    return path


def _misused(sentence: str) -> int:
    print(f"siteward: {printable(sentence)}", file=sys.stderr)
    return MISUSED


def _missing_part(error: ModuleNotFoundError) -> str:
    part = (error.name or "").partition(".")[0]
    if part not in PARTS:
        raise error
    return f"the Python package {part} is not installed: pip install 'siteward[{PARTS[part]}]'"


def _terminate(_number: int, _frame: FrameType | None) -> None:
    raise _Terminated


if __name__ == "__main__":
    sys.exit(main())
