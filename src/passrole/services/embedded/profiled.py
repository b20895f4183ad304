"""moto's EC2 with instance profiles as AWS has them.

moto forgets the profile of a launch template, a launch configuration, a spot request and a fleet, gives it to
the first of several instances only, and prints the association's id as the profile's. Imports moto's EC2, so
``seams`` imports it only once EC2 has been.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from moto.ec2.models import EC2Backend
from moto.ec2.models.iam_instance_profile import IamInstanceProfileAssociation
from moto.ec2.models.instances import Instance, Reservation
from moto.ec2.utils import random_iam_instance_profile_association_id
from moto.iam.models import iam_backends

from passrole.services.embedded.associations import Ended, Held, Terminated, note
from passrole.services.embedded.mirror import Mirror, ProfileView
from passrole.services.embedded.profiles import IncorrectState, find
from passrole.values.errors import ServiceError


def _missing() -> ServiceError:
    return ServiceError(
        "The request must contain the parameter IamInstanceProfile", code="MissingParameter", status=400
    )


class _Asked(threading.local):
    """What the call at hand says of a profile where moto's own parameters do not carry it."""

    specification: object = None


_asked: Final = _Asked()


@contextmanager
def launching_with(specification: object) -> Iterator[None]:
    """Launches inside carry this IamInstanceProfileSpecification unless they name another."""
    before = _asked.specification
    _asked.specification = specification
    try:
        yield
    finally:
        _asked.specification = before


class ProfiledBackend(EC2Backend):
    """One account's EC2 in one region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        self.by_id: dict[str, Instance] = {}
        self.reservation_of: dict[str, str] = {}
        self._of_fleets: dict[str, object] = {}  # fleet id -> IamInstanceProfileSpecification
        super().__init__(region_name, account_id)

    def get_instance(self, instance_id: str) -> Instance:
        """As moto's, which goes through all instances. Raises moto's InvalidInstanceIdError."""
        return self.by_id.get(instance_id) or super().get_instance(instance_id)

    # moto's keyword arguments differ from caller to caller.
    def run_instances(
        self, image_id: str, count: int, user_data: Any, security_group_names: list[str], **kwargs: Any
    ) -> Reservation:
        """Launches instances that all carry the profile of the request, template or configuration."""
        profile = self._profile(self._specification(kwargs))
        reservation = super().run_instances(image_id, count, user_data, security_group_names, **kwargs)
        for instance in reservation.instances:
            self.by_id[instance.id] = instance
            self.reservation_of[instance.id] = reservation.id
            if profile is not None:
                self._hold(instance, profile)
        return reservation

    def associate_iam_instance_profile(
        self,
        instance_id: str,
        iam_instance_profile_name: str | None = None,
        iam_instance_profile_arn: str | None = None,
    ) -> IamInstanceProfileAssociation:
        """Raises IncorrectState where the instance holds another profile already."""
        instance = self.get_instance(instance_id)
        given = {"Name": iam_instance_profile_name, "Arn": iam_instance_profile_arn}
        profile = self._profile(given)
        held = self.iam_instance_profile_associations.get(instance_id)
        if held is not None:
            # RunInstances associates the profile that its instance has from run_instances above.
            if profile is not None and held.iam_instance_profile.id == profile.id:
                return held
            raise IncorrectState(f"There is an existing association for instance {instance_id}")
        if profile is None:
            raise _missing()
        return self._hold(instance, profile)

    def disassociate_iam_instance_profile(self, association_id: str) -> IamInstanceProfileAssociation:
        """As moto's; termination comes here too."""
        ended = super().disassociate_iam_instance_profile(association_id)
        note(Ended(self.account_id, self._arn(ended.instance_id)))
        return ended

    def terminate_instances(self, instance_ids: list[str]) -> list[tuple[Instance, Any]]:
        """As moto's, for whoever asks: a user, a scaling group, a stack."""
        ended: list[tuple[Instance, Any]] = super().terminate_instances(instance_ids)
        for instance, _ in ended:
            note(Terminated(self._arn(instance.id)))
        return ended

    def replace_iam_instance_profile_association(
        self,
        association_id: str,
        iam_instance_profile_name: str | None = None,
        iam_instance_profile_arn: str | None = None,
    ) -> IamInstanceProfileAssociation:
        """A new association, with an id of its own, in the old one's place.

        Source: EC2 API Reference, ReplaceIamInstanceProfileAssociation, the example.
        """
        given = {"Name": iam_instance_profile_name, "Arn": iam_instance_profile_arn}
        profile = self._profile(given)
        if profile is None:
            raise _missing()
        replaced = super().replace_iam_instance_profile_association(
            association_id, iam_instance_profile_name, iam_instance_profile_arn
        )
        return self._hold(replaced.instance, profile)

    def _specification(self, kwargs: dict[str, Any]) -> object:
        """Where this launch names its profile: the request comes before the template."""
        name, arn = kwargs.get("iam_instance_profile_name"), kwargs.get("iam_instance_profile_arn")
        if name or arn:
            return {"Name": name, "Arn": arn}
        configuration = kwargs.get("launch_config")
        if configuration is not None and configuration.iam_instance_profile:
            text = str(configuration.iam_instance_profile)  # a name or an ARN
            return {"Arn" if text.startswith("arn:") else "Name": text}
        fleet = kwargs.get("spot_fleet_id") or kwargs.get("fleet_id")
        if _asked.specification is not None:
            if fleet:
                self._of_fleets[fleet] = _asked.specification
            return _asked.specification
        if fleet in self._of_fleets:  # a fleet that has grown since
            return self._of_fleets[fleet]
        template = kwargs.get("launch_template")
        if template:
            return self._get_template_from_args(template).data.get("IamInstanceProfile")
        return None

    def _profile(self, specification: object) -> ProfileView | None:
        mirror = self._mirror()
        found = find(specification, self.account_id, mirror.directory)
        return mirror.get_instance_profile(found.name) if found is not None else None

    def _mirror(self) -> Mirror:
        mirror: Any = iam_backends[self.account_id][self.partition]
        if not isinstance(mirror, Mirror):
            raise TypeError(f"IAM of {self.account_id} is moto's own")
        return mirror

    def _hold(self, instance: Instance, profile: ProfileView) -> IamInstanceProfileAssociation:
        association = IamInstanceProfileAssociation(  # type: ignore[abstract]  # as moto itself does
            self,
            random_iam_instance_profile_association_id(),
            instance,
            profile,  # type: ignore[arg-type]  # has all that EC2 reads of moto's own
        )
        self.iam_instance_profile_associations[instance.id] = association
        # moto would print the association's id.
        instance.iam_instance_profile = {"Arn": profile.arn, "Id": profile.id}
        role_id = profile.roles[0].id if profile.roles else ""
        note(Held(self.account_id, self._arn(instance.id), profile.id, role_id))
        return association

    def _arn(self, instance_id: str) -> str:
        return f"arn:{self.partition}:ec2:{self.region_name}:{self.account_id}:instance/{instance_id}"
