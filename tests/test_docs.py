"""What the documents name exists: links, files, make targets, modules. A stale page is worse than none."""

from __future__ import annotations

import importlib.util
import re

import pytest

from tests.needs import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
FOLDERS = ("agent", "boards", "docs", "drivers", "hal", "requirements", "sim_devices", "tests", "tools", "typings")
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
QUOTED = re.compile(r"`([^`\n]+)`")
MAKE = re.compile(r"\bmake ([a-z]+(?:-[a-z]+)*)\b")
MODULE = re.compile(r"python -m ([a-z_.]+)")


def missing_links(page, text: str) -> list[str]:
    targets = [target for target in LINK.findall(text) if "://" not in target]
    return [target for target in targets if not (page.parent / target).exists()]


def missing_files(text: str) -> list[str]:
    """Report a quoted path into the project that matches no file; `*` stands for any."""
    paths = [name for name in QUOTED.findall(text) if re.fullmatch(rf"({'|'.join(FOLDERS)})/[\w*/.-]*", name)]
    return [path for path in paths if not any(ROOT.glob(path.rstrip("/")))]


def missing_targets(text: str) -> list[str]:
    known = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    quoted = " ".join(re.findall(r"`[^`]+`|```.*?```", text, re.DOTALL))
    return [target for target in MAKE.findall(quoted) if target not in known]


def missing_modules(text: str) -> list[str]:
    return [module for module in MODULE.findall(text) if importlib.util.find_spec(module) is None]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_exists(page):
    text = page.read_text()
    assert missing_links(page, text) == []
    assert missing_files(text) == []
    assert missing_targets(text) == []
    assert missing_modules(text) == []


def test_what_does_not_exist_is_reported():
    page = ROOT / "README.md"
    assert missing_links(page, "[a](docs/none.md) [b](docs/format.md#x) [c](https://example.org)") == ["docs/none.md"]
    assert missing_files("`hal/none.py` `hal/ports.py` `boards/*/serial_line.py` `hal/*_none.py`") == [
        "hal/none.py",
        "hal/*_none.py",
    ]
    assert missing_targets("`make none` `make test`, make sure") == ["none"]
    assert missing_modules("`python -m tools.none` `python -m tools.stage DIR`") == ["tools.none"]
