"""What a rule of lint is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from passrole.analysis.lint.grants import Grant

Severity = Literal["error", "warning", "info"]
# Access Analyzer's: what a finding of ValidatePolicy calls itself.
FindingType = Literal["ERROR", "SECURITY_WARNING", "WARNING", "SUGGESTION"]


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that is safe to make: in text[start:end], old becomes new. why says what it does."""

    start: int
    end: int
    old: str
    new: str
    why: str


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a rule is broken: [start, end) in the file. values fill the rule's message and remedy."""

    start: int
    end: int
    values: Mapping[str, str] = field(default_factory=dict)
    fix: Fix | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A check of the statements that grant iam:PassRole.

    ``{name}`` in message and remedy is filled from the hit. source names the page that says why.
    """

    code: str
    severity: Severity
    title: str
    find: Callable[[Grant], Iterable[Hit]]
    message: str
    remedy: str
    source: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. line and column count from 1; end_line and end_column are those after its last.

    policy says whose policy it is, where the file tells: "role Deployer, policy main".
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    code: str
    severity: Severity
    message: str
    remedy: str
    start: int = 0  # in the file, in characters
    end: int = 0
    fix: Fix | None = None
    policy: str = ""

    def as_json(self) -> dict[str, object]:
        """As the contract has it."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "remedy": self.remedy,
        }
