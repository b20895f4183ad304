"""moto's IAM, for moto's services to ask: one facade an account over our own directory, read-only.

It stands where ``moto.iam.models.iam_backends[account]["aws"]`` would; ``seams`` puts it there. Nothing of
moto is imported here. What moto's services read of it is pinned by the contract tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn, TypeVar

from passrole.state.credentials import ServerCertificate
from passrole.state.directory import Directory
from passrole.state.entities import InstanceProfile, Role
from passrole.values.errors import ServiceError

V = TypeVar("V")


class BehindTheGateway(ServiceError):
    """A service of moto wanted of IAM what it may not do by itself."""

    code, status = "NotImplemented", 501


@dataclass(frozen=True, slots=True)
class RoleView:
    """One of our roles with the attributes of moto's Role that its services read."""

    account_id: str
    partition: str
    id: str
    name: str
    arn: str
    path: str
    assume_role_policy_document: str
    description: str
    max_session_duration: int
    permissions_boundary_arn: str | None
    create_date: datetime  # naive, UTC, as all times in moto

    @property
    def physical_resource_id(self) -> str:
        """How CloudFormation refers to it."""
        return self.name


@dataclass(frozen=True, slots=True)
class ProfileView:
    """One of our instance profiles with the attributes of moto's InstanceProfile."""

    account_id: str
    partition: str
    id: str
    name: str
    arn: str
    path: str
    roles: tuple[RoleView, ...]
    create_date: datetime

    @property
    def physical_resource_id(self) -> str:
        """How CloudFormation refers to it."""
        return self.name


@dataclass(frozen=True, slots=True)
class CertificateView:
    """One of our server certificates. The private key stays where it is: no service hands it out."""

    cert_name: str
    cert_body: str
    cert_chain: str | None
    path: str
    arn: str


class _Views(Mapping[str, V]):
    """A table of moto's IAM (unique id -> object) whose objects are made when they are asked for."""

    def __init__(self, find: Callable[[str], V | None], ours: Callable[[], Iterator[Role | InstanceProfile]]):
        self._find = find
        self._ours = ours

    def __getitem__(self, key: str) -> V:
        found = self._find(key)
        if found is None:
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[str]:
        return (entity.id for entity in self._ours())

    def __len__(self) -> int:
        return sum(1 for _ in self._ours())


class Mirror:
    """What moto's services see of one account's IAM: roles, instance profiles and server certificates.

    Every view is made when it is asked for, so it is as the directory is at that moment. Users, keys and
    policies are not shown: the checks are ours, no service of moto has a use for them. missing makes the
    exception that moto's services expect for what is not there. region_name is the partition, as IAM's
    backends are kept by it.
    """

    def __init__(
        self, directory: Directory, missing: Callable[[str], Exception], region_name: str, account_id: str
    ) -> None:
        self.directory = directory
        self._missing = missing
        self.region_name = region_name
        self.account_id = account_id
        self.partition = region_name
        self.roles = _Views(self._role_by_id, lambda: directory.all(Role, account_id))
        self.instance_profiles = _Views(
            self._profile_by_id, lambda: directory.all(InstanceProfile, account_id)
        )
        # Every request's access key is looked up here; ours are no business of moto's.
        self.access_keys: Mapping[str, object] = {}

    def __getattr__(self, name: str) -> object:
        """Whatever else IAM can do: it fails, instead of going to tables that nobody reads.

        moto's CloudFormation would create roles this way, past every check.
        """
        if name.startswith("_"):
            raise AttributeError(name)

        def refused(*given: object, **named: object) -> NoReturn:
            raise BehindTheGateway(
                f"An embedded service asked IAM to {name}, which only the endpoint's own IAM does."
            )

        return refused

    def reset(self) -> None:
        """Does nothing: there is nothing of its own to forget."""

    # Roles

    def get_role(self, role_name: str) -> RoleView:
        """Raises what missing makes."""
        ours = self.directory.get(Role, self.account_id, role_name)
        if ours is None:
            raise self._missing(f"The role with name {role_name} cannot be found.")
        return self._role(ours)

    def get_role_by_arn(self, arn: str) -> RoleView:
        """The account's role of exactly that ARN, path and case included. Raises what missing makes."""
        name = arn.rsplit("/", 1)[-1]
        ours = self.directory.get(Role, self.account_id, name)
        if ours is None or ours.arn != arn:
            raise self._missing(f"The role with name {name} cannot be found.")
        return self._role(ours)

    def get_role_by_id(self, role_id: str) -> RoleView | None:
        """None where there is none."""
        return self._role_by_id(role_id)

    def get_roles(self) -> list[RoleView]:
        """Every role of the account."""
        return [self._role(ours) for ours in self.directory.all(Role, self.account_id)]

    def _role(self, ours: Role) -> RoleView:
        return RoleView(
            account_id=ours.account,
            partition=self.partition,
            id=ours.id,
            name=ours.name,
            arn=ours.arn,
            path=ours.path,
            assume_role_policy_document=ours.trust,
            description=ours.description,
            max_session_duration=ours.max_session,
            permissions_boundary_arn=ours.boundary or None,
            create_date=ours.created.replace(tzinfo=None),
        )

    def _role_by_id(self, key: str) -> RoleView | None:
        if key.startswith("arn:"):  # moto's SES looks for an ARN among the ids
            name = key.rsplit("/", 1)[-1]
            ours = self.directory.get(Role, self.account_id, name)
            return self._role(ours) if ours is not None and ours.arn == key else None
        ours = self.directory.by_id(Role, key)
        return self._role(ours) if ours is not None and ours.account == self.account_id else None

    # Instance profiles

    def get_instance_profile(self, profile_name: str) -> ProfileView:
        """Raises what missing makes."""
        ours = self.directory.get(InstanceProfile, self.account_id, profile_name)
        if ours is None:
            raise self._missing(f"Instance Profile {profile_name} cannot be found.")
        return self._profile(ours)

    def get_instance_profile_by_arn(self, profile_arn: str) -> ProfileView:
        """Raises what missing makes."""
        name = profile_arn.rsplit("/", 1)[-1]
        ours = self.directory.get(InstanceProfile, self.account_id, name)
        if ours is None or ours.arn != profile_arn:
            raise self._missing(f"Instance Profile {name} cannot be found.")
        return self._profile(ours)

    def get_instance_profiles(self) -> list[ProfileView]:
        """Every instance profile of the account."""
        return [self._profile(ours) for ours in self.directory.all(InstanceProfile, self.account_id)]

    def get_instance_profiles_for_role(self, role_name: str) -> list[ProfileView]:
        """Those that hold the role."""
        return [
            view
            for view in self.get_instance_profiles()
            if any(role.name == role_name for role in view.roles)
        ]

    def _profile(self, ours: InstanceProfile) -> ProfileView:
        role = self.directory.by_id(Role, ours.role_id) if ours.role_id else None
        return ProfileView(
            account_id=ours.account,
            partition=self.partition,
            id=ours.id,
            name=ours.name,
            arn=ours.arn,
            path=ours.path,
            roles=(self._role(role),) if role is not None else (),
            create_date=ours.created.replace(tzinfo=None),
        )

    def _profile_by_id(self, key: str) -> ProfileView | None:
        ours = self.directory.by_id(InstanceProfile, key)
        return self._profile(ours) if ours is not None and ours.account == self.account_id else None

    # What else is asked

    def get_certificate_by_arn(self, arn: str) -> CertificateView | None:
        """A server certificate, for load balancers; None where there is none."""
        ours = self.directory.get(ServerCertificate, self.account_id, arn.rsplit("/", 1)[-1])
        if ours is None or ours.arn != arn:
            return None
        return CertificateView(
            cert_name=ours.name,
            cert_body=ours.body,
            cert_chain=ours.chain or None,
            path=ours.path,
            arn=ours.arn,
        )

    def get_user_from_access_key_id(self, access_key_id: str) -> None:
        """None: the gateway knows the caller, moto need not."""
