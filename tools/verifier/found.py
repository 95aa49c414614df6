"""What a verifier found: of each agent, and in all."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tools.verifier.chain import Chain
from tools.verifier.coverage import Coverage
from tools.verifier.disclosure import Disclosed
from tools.verifier.faults import Fault
from tools.verifier.served import Served


@dataclass(slots=True)
class AgentReport:
    """What was found of one agent."""

    chain: Chain
    first_seq: int = 0
    pages: int = 0
    records: int = 0
    size_bytes: int = 0
    duplicates: int = 0
    first_civil_s: int = 0
    last_civil_s: int = 0
    epochs: Counter[int] = field(default_factory=Counter)  # epoch -> pages
    coverage: Coverage = field(default_factory=Coverage)
    served: Served = field(default_factory=Served)


@dataclass(slots=True)
class Report:
    """What was found in all. `faults` holds the first FAULTS_LISTED_MAX, `counts` counts all."""

    agents: list[AgentReport]
    faults: list[Fault]
    counts: Counter[str]
    end_known: bool  # a page was named that had to be there; else a cut-off end cannot show
    disclosed: list[Disclosed]  # until DISCLOSED_LISTED_MAX records
    disclosed_records: int
    disclosures: int

    @property
    def ok(self) -> bool:
        """Tell whether all is proven."""
        return not self.counts
