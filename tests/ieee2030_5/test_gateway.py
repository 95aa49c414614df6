"""`siteward run` with a utility: a real agent, a real connection, a limit in its journal's words, a response."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

from boards.cpython.ieee2030_5.identity import identity_in
from tests.ieee2030_5.server import Request, Utility, https
from tests.needs import ROOT
from tools.certs import Authority
from tools.demo.layout import toml
from tools.keys import create_key

PATIENCE_S = 30


def site(folder: Path, serial_port: str, port: int, **changed: object) -> Path:
    """Write a site with one circuit that a utility may limit; return its file."""
    if not (folder / "agent.key").exists():
        create_key(folder / "agent.key")
    source: dict[str, object] = {
        "name": "utility", "kind": "ieee2030-5", "power_max_w": 20000, "host": "127.0.0.1", "port": port,
        "server_name": "localhost", "ca": "pki/ca.crt", "cert": "pki/der.crt", "cert_key": "pki/der.key",
        "device": "annex", "type": 83, "max_w": 5000, "pin": 111115,
    }  # fmt: skip
    tree = {
        "site": {"name": "test", "meter": "grid", "import_limit_w": 17250, "export_limit_w": 9000, "fuse_ma": 25000},
        "agent": {"key": "agent.key"},
        "source": [source | changed],
        "circuit": [{"id": "annex", "fuse_ma": 16000}],
        "bus": [{"id": "rs485", "kind": "serial", "port": serial_port}],
        "device": [{"id": "grid", "driver": "eastron-sdm630", "bus": "rs485"}],
    }
    file = folder / "SITE.toml"
    file.write_text(toml(tree))
    return file


def context(authority: Authority) -> ssl.SSLContext:
    """Return a server's side that offers the standard's suite alone."""
    files = authority.server()
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(files.cert, files.key)
    made.load_verify_locations(authority.files.cert)
    made.verify_mode = ssl.CERT_REQUIRED
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers("ECDHE-ECDSA-AES128-CCM8")
    return made


def test_an_agent_takes_a_limit_and_tells_that_it_began(tmp_path, serial_port):
    authority = Authority(tmp_path / "pki")
    me = identity_in(authority.client("der").cert)
    utility = Utility(me.lfdi, me.sfdi, lambda: int(time.time()))
    program = utility.add_program()
    program.default = {"opModImpLimW": 4200, "opModExpLimW": 1500}
    said = utility.add_event(program, utility.now_s() - 5, 600, {"opModExpLimW": 3000, "opModLoadLimW": 2000})
    began = threading.Event()

    def heard(request: Request) -> None:
        if (2, said.mrid.zfill(32)) in [(status, subject) for _, status, subject in utility.responses]:
            began.set()

    utility.after.append(heard)
    with https(utility, context(authority)) as port:
        command = [sys.executable, "-m", "tools.cli", "run", "--json", str(site(tmp_path, serial_port, port))]
        agent = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            assert began.wait(PATIENCE_S), [request.path for request in utility.seen]
        finally:
            agent.terminate()
            said_to_programs, said_to_people = agent.communicate(timeout=PATIENCE_S)
    told = [json.loads(line) for line in said_to_programs.splitlines()]
    assert said_to_people == "siteward: source 'utility': connected with ECDHE-ECDSA-AES128-CCM8 TLSv1.2\n"
    assert [fact["reason"] for fact in told if fact["fact"] == "decision"] == ["accepted"], told
    assert (tmp_path / "utility.json").stat().st_size > 100


def test_what_is_wrong_is_told_in_one_sentence_before_anybody_is_asked(tmp_path, serial_port):
    authority = Authority(tmp_path / "pki")
    files = authority.client("der")
    for changed, expected in (
        ({"device": "cellar"}, "device = 'cellar'"),
        ({"cert": "pki/none.crt"}, "none.crt"),
    ):
        said = refused(site(tmp_path, serial_port, 1, **changed))
        assert expected in said and "utility" in said, said
    files.key.chmod(0o644)
    assert "chmod 600" in refused(site(tmp_path, serial_port, 1))


def refused(file: Path) -> str:
    """Return the one sentence with which a site is refused."""
    command = [sys.executable, "-m", "tools.cli", "run", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
    return done.stderr
