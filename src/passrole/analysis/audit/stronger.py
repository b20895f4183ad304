"""Roles that were passed by someone with fewer rights: what the passer had to gain."""

from __future__ import annotations

from collections.abc import Iterable

from passrole.analysis.askers import NoSuchPrincipal, asker_named
from passrole.analysis.audit.usage import Used
from passrole.analysis.gain import Gains
from passrole.state.estate.estate import Estate


def mark(estate: Estate, rows: Iterable[Used]) -> None:
    """Notes in each row what its principal would gain by the role's rights, () for nothing.

    Principals and roles that the account does not have (any more) stay unmarked.
    """
    gains = Gains()
    known: dict[tuple[str, str], tuple[str, ...] | None] = {}
    for row in rows:
        pair = (row.principal, row.role)
        if pair not in known:
            known[pair] = _gained(gains, estate, *pair)
        row.gains = known[pair]


def _gained(gains: Gains, estate: Estate, principal: str, role: str) -> tuple[str, ...] | None:
    try:
        found = gains.brief(asker_named(estate, principal), asker_named(estate, role))
    except NoSuchPrincipal:
        return None
    return found.actions if found.gained else ()
