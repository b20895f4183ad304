"""Who can pass which role to which service, over the accounts of an estate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal

from msgspec.structs import replace

from passrole.analysis import bits
from passrole.analysis.account_passes import AccountPasses, Pass
from passrole.analysis.askers import Asker, asker_named, asker_of, has_policies
from passrole.analysis.pass_filters import Seen, named, principals_named, services_named, why_nothing
from passrole.analysis.pass_layers import Passing
from passrole.analysis.usable import Usable
from passrole.authorize.gather import forget
from passrole.state.entities import Role, User
from passrole.state.estate.accounts import Accounts
from passrole.state.estate.estate import Estate

By = Literal["role", "service", "principal"]
Progress = Callable[[int, int], None]  # (principals done, principals in all)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that others go through: the filters, as of ``Passes``; by counts instead of listing."""

    role: str = ""
    service: str = ""
    principal: str = ""
    usable: bool = False
    by: By | None = None


def who_can_pass(
    estate: Estate | Path | str | Iterable[Path | str],
    *,
    role: str = "",
    service: str = "",
    principal: str = "",
    usable: bool = False,
) -> list[Pass]:
    """Every pass that is allowed, of an estate or of files and folders of account details.

    role and principal are ARNs or names, service is a service principal; all may be globs, "" is all. usable
    also asks that the principal may call an operation that takes the role. A role stands for its sessions.
    Root users are not listed unless principal names one.
    """
    estates: Iterable[Estate]
    if isinstance(estate, Estate):
        estates = (estate,)
    else:
        estates = Accounts.of((estate,) if isinstance(estate, Path | str) else estate)
    return list(Passes(estates, role=role, service=service, principal=principal, usable=usable).rows())


class Passes:
    """The question over estates: account by account, principal by principal.

    An estate may be gone when the next one is asked for: whatever is listed of it is listed before.
    """

    def __init__(
        self,
        estates: Iterable[Estate],
        *,
        role: str = "",
        service: str = "",
        principal: str = "",
        usable: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self._estates = estates
        self._role = named(role)
        self._service = services_named(service)
        self._principal = principals_named(principal)
        self._root = principal if principal.endswith(":root") else ""
        self._only_usable = usable
        self._progress = progress
        self.seen: Final = Seen()
        self._why = partial(why_nothing, role=role, service=service, principal=principal, usable=usable)

    def rows(self) -> Iterator[Pass]:
        """Every pass, by principal, then role, then service."""
        for account in self._accounts():
            for arn, passing in self._passing(account):
                yield from account.rows(arn, passing)

    def counts(self, by: By) -> list[tuple[str, int]]:
        """How many passes each role, service or principal has, the most first; none with none."""
        found: Counter[str] = Counter()
        for account in self._accounts():
            tally = bits.Tally()
            for arn, passing in self._passing(account):
                for service, (_, may) in passing.sets.items():
                    if by == "role":
                        tally.add(may)
                    else:
                        found[arn if by == "principal" else service] += may.bit_count()
            if by == "role":
                counted = tally.counts(len(account.roles))
                found.update(dict(zip((role.arn for role in account.roles), counted, strict=True)))
        return sorted(
            ((name, count) for name, count in found.items() if count), key=lambda row: (-row[1], row[0])
        )

    def why_nothing(self) -> str:
        """Why no pass was found, in words; "" where one was."""
        return "" if self.seen.passes else self._why(self.seen)

    def _accounts(self) -> Iterator[AccountPasses]:
        for number, estate in enumerate(self._estates):
            if number:
                forget()  # what was made of the account before: memory stays flat over thousands of them
            for account in estate.accounts:
                every = list(estate.directory.all(Role, account))
                roles = list(filter(self._role, every))
                self.seen.roles += len(every)
                self.seen.roles_fit += len(roles)
                if roles:
                    passes = AccountPasses(estate, account, roles, self._service)
                    self.seen.passable += passes.passable
                    yield passes

    def _passing(self, account: AccountPasses) -> Iterator[tuple[str, Passing]]:
        """Who can pass something, with what."""
        estate = account.estate
        if self._root:
            if f"::{account.id}:" in self._root:
                self.seen.principals_fit += 1
                asker = asker_named(estate, self._root)
                yield from self._usable(asker.arn, account.passing(asker), lambda: asker)
            return
        directory = estate.directory
        everyone: list[User | Role] = [*directory.all(User, account.id), *directory.all(Role, account.id)]
        fit = list(filter(self._principal, everyone))
        self.seen.principals += len(everyone)
        self.seen.principals_fit += len(fit)
        asked = list(filter(has_policies, fit))
        for number, entity in enumerate(asked, 1):
            passing = account.passing_of(entity)
            if passing.sets:
                yield from self._usable(entity.arn, passing, partial(asker_of, estate, entity))
            if self._progress is not None:
                self._progress(number, len(asked))

    def _usable(
        self, arn: str, passing: Passing, asker_for: Callable[[], Asker]
    ) -> Iterator[tuple[str, Passing]]:
        if self._only_usable and passing.sets:
            usable, asker = Usable(), asker_for()
            sets = {service: pair for service, pair in passing.sets.items() if usable.may_use(asker, service)}
            passing = replace(passing, sets=sets)
        if passing.sets:
            self.seen.passes = True
            yield arn, passing
