"""`siteward verify-page` gives the page away."""

from __future__ import annotations

import webbrowser

from tools.cli import main
from tools.verify_page.command import PAGE


def test_the_page_is_written_where_it_is_wanted(tmp_path, capsys):
    out = tmp_path / "verify.html"
    assert main(["verify-page", "-o", str(out)]) == 0
    assert out.read_bytes() == PAGE.read_bytes()
    assert capsys.readouterr().out == f"{out}\n"


def test_a_place_that_is_none_is_refused(tmp_path, capsys):
    assert main(["verify-page", "-o", str(tmp_path / "nowhere" / "verify.html")]) == 2
    assert "cannot write" in capsys.readouterr().err


def test_without_a_place_it_is_opened(monkeypatch, capsys):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda url: bool(opened.append(url)))
    assert main(["verify-page"]) == 0
    assert opened == [PAGE.as_uri()]
    assert str(PAGE) in capsys.readouterr().out
