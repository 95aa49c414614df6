"""The auditor's side: judge signed pages from the published format alone, with nothing of the agent's code.

`Verifier(keys).add(raw)` judges one page at a time, `.report()` all of them; `read_page` and `Chain` are its
two halves, for a head-end that keeps a live agent's chain.
"""

from __future__ import annotations

from tools.verifier.chain import Chain
from tools.verifier.faults import FAULTS, Fault
from tools.verifier.found import AgentReport, Report
from tools.verifier.keyring import Keys
from tools.verifier.page import Page, PageReport, read_page
from tools.verifier.verifier import Verifier

__all__ = ["FAULTS", "AgentReport", "Chain", "Fault", "Keys", "Page", "PageReport", "Report", "Verifier", "read_page"]
