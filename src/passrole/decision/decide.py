"""``passrole decide --jsonl``: a case a line in, a verdict a line out.

Memory stays flat however long the stream.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from io import RawIOBase
from typing import Final

import msgspec

from passrole.decision import explain as explaining
from passrole.decision.cases import BadCase, CaseReader, id_of
from passrole.decision.evaluate import evaluate
from passrole.decision.remembered import BYTES_KEPT, Buffer
from passrole.decision.request import Clause, Outcome, Request

_encode: Final = msgspec.json.Encoder().encode
_WORDS: Final = {outcome.value: outcome.value.encode() for outcome in Outcome}
# A line longer than this is not looked at for being blank.
_LONGEST_BLANK: Final = 64
# Bytes that are read at once; a longer line makes room for itself.
_READ_AT_ONCE: Final = 256 << 10


def decide(lines: Iterable[bytes], *, explain: bool = False) -> Iterator[bytes]:
    """One verdict for each case, in order, each a line with its line feed. Blank lines are passed over.

    A malformed case gives ``{"id": …, "error": …}``, by which the caller knows that its exit status is 1.
    explain adds reason, layer and statements.
    """
    decider = Decider(explain=explain)
    for line in lines:
        if len(line) > _LONGEST_BLANK or line.strip():
            yield decider.verdict(line)


def decide_stream(given: RawIOBase, take: Callable[[bytes], object], *, explain: bool = False) -> int:
    """As decide, from a file that is read as it comes: how many cases were malformed.

    take is given every verdict on what has been read before more is waited for, so that a program which
    asks one case after the other gets its answers. Lines are decided where they stand in what was read: to
    make a line of each would cost as much as to decide it.
    """
    decider = Decider(explain=explain)
    verdict = decider.verdict_in
    text = bytearray(_READ_AT_ONCE)
    filled = 0
    while True:
        if filled == len(text):
            text += bytes(len(text))
        with memoryview(text) as room:
            count = given.readinto(room[filled:])
        if not count:
            break
        answers: list[bytes] = []
        start, looked_through = 0, filled
        filled += count
        while (end := text.find(b"\n", max(start, looked_through), filled)) >= 0:
            if end - start > _LONGEST_BLANK or text[start:end].strip():
                answers.append(verdict(text, start, end))
            start = end + 1
        if answers:
            take(b"".join(answers))
        text[: filled - start] = text[start:filled]
        filled -= start
    if text[:filled].strip():
        take(verdict(text, 0, filled))
    return decider.errors


class Decider:
    """Decides case after case."""

    def __init__(self, *, explain: bool = False, kept: int = BYTES_KEPT) -> None:
        """kept bounds the bytes of documents that each cache remembers."""
        self._explain = explain
        self._reader = CaseReader(kept)
        self.errors = 0  # malformed cases so far

    def verdict(self, line: bytes) -> bytes:
        """The verdict on one case, as a line with its line feed."""
        return self.verdict_in(line, 0, len(line))

    def verdict_in(self, text: Buffer, start: int, end: int) -> bytes:
        """As verdict, on the case in text[start:end]."""
        try:
            case, request, policies = self._reader.read(text, start, end)
        except BadCase as error:
            self.errors += 1
            return _encode({"id": id_of(bytes(text[start:end])), "error": str(error)}) + b"\n"
        decision = evaluate(request, policies)
        if not self._explain:
            return b'{"id": %b, "decision": "%b"}\n' % (_encode(case), _WORDS[decision.outcome.value])
        return _encode(_explained(case, request, explaining.explain(request, policies, decision))) + b"\n"

    def remembered(self) -> int:
        """How many things the caches hold."""
        return self._reader.remembered()


def _explained(case: str, request: Request, found: explaining.Explanation) -> dict[str, object]:
    decision = found.decision
    return {
        "id": case,
        "decision": decision.outcome.value,
        "reason": decision.reason.removeprefix("because "),
        "layer": decision.layer,
        "statements": [_statement(clause, request) for clause in found.statements],
    }


def _statement(clause: Clause, request: Request) -> dict[str, object]:
    told: dict[str, object] = {
        "layer": clause.layer,
        "policy": clause.index,
        "statement": clause.statement,
        "effect": clause.effect,
        "element": clause.element or ("Condition" if clause.key else "Action"),
    }
    if clause.key:
        told["key"] = clause.key
        told["operator"] = clause.operator
    if clause.element or clause.key:
        asked = clause.asked
        told["asked"] = asked[0] if asked is not None and len(asked) == 1 else asked
        told["wanted"] = clause.wanted
    else:
        told["asked"] = request.action
    return told
