"""`siteward verify-page` gives the page away."""

from __future__ import annotations

import tempfile
import webbrowser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tools.cli import main
from tools.verify_page.assemble import assembled


def test_the_page_is_written_where_it_is_wanted(tmp_path, capsys):
    out = tmp_path / "verify.html"
    assert main(["verify-page", "-o", str(out)]) == 0
    assert out.read_text(encoding="utf-8") == assembled()
    assert capsys.readouterr().out == f"{out}\n"


def test_a_place_that_is_none_is_refused(tmp_path, capsys):
    assert main(["verify-page", "-o", str(tmp_path / "nowhere" / "verify.html")]) == 2
    assert "cannot write" in capsys.readouterr().err


def test_without_a_place_it_is_opened(tmp_path, monkeypatch, capsys):
    opened = []
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for found in (True, False):
        monkeypatch.setattr(webbrowser, "open", lambda url, found=found: opened.append(url) or found)
        assert main(["verify-page"]) == 0
        page = Path(unquote(urlsplit(opened[-1]).path))
        assert page.read_text(encoding="utf-8") == assembled()
        assert capsys.readouterr().out == f"{'' if found else 'no browser here: open '}{page}\n"
    assert opened[0] != opened[1]
