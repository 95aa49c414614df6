"""Put the page together from what is in source/.

A page that is opened from a disk may load nothing beside itself, so the modules stand in one script: each becomes a
function that returns what it exports. The page's policy allows exactly this script and this style, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

SOURCE = Path(__file__).parent / "source"
IMPORT = re.compile(r"^import \{ ([\w, ]+) \} from '\./(\w+)\.mjs';\n", re.MULTILINE)
EXPORT = re.compile(r"^export ((?:async )?(?:const|function\*?|class)) (\w+)", re.MULTILINE)
POLICY = (
    "default-src 'none'; script-src {script}; style-src {style}; base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'"
)


def assembled() -> str:
    """Return the whole page."""
    style = (SOURCE / "style.css").read_text()
    script = f"\n{''.join(_modules('main', set()))}"
    policy = POLICY.format(script=_hash(script), style=_hash(style))
    page = (SOURCE / "page.html").read_text()
    for name, content in (("policy", policy), ("style", style), ("script", script)):
        page = page.replace("{{" + name + "}}", content)
    return page


def _modules(name: str, seen: set[str]) -> list[str]:
    """Return the module's text as a function, behind those that it imports."""
    seen.add(name)
    text = (SOURCE / f"{name}.mjs").read_text()
    assert "</script" not in text, name
    before = [part for _, wanted in IMPORT.findall(text) if wanted not in seen for part in _modules(wanted, seen)]
    exported = ", ".join(found for _, found in EXPORT.findall(text))
    body = EXPORT.sub(r"\1 \2", IMPORT.sub(r"const { \1 } = \2Module;\n", text))
    assert not re.search(r"^(import|export)\b", body, re.MULTILINE), name
    return [*before, f"const {name}Module = (() => {{\n{body}return {{ {exported} }};\n}})();\n\n"]


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
