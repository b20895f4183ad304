"""Amazon Resource Names, parsed once at the edge."""

from __future__ import annotations

from dataclasses import dataclass

from passrole.values.errors import InvalidArn


@dataclass(frozen=True, slots=True)
class Arn:
    """``arn:partition:service:region:account:resource``.

    >>> alias = Arn.parse("arn:aws:lambda:eu-west-1:111122223333:function:Thumb:PROD")
    >>> alias.account, alias.resource
    ('111122223333', 'function:Thumb:PROD')
    >>> str(alias)
    'arn:aws:lambda:eu-west-1:111122223333:function:Thumb:PROD'
    """

    partition: str
    service: str
    region: str  # "" where the service is global, as IAM is
    account: str  # "" for an S3 bucket
    resource: str  # keeps its own colons and slashes

    @classmethod
    def parse(cls, text: str) -> Arn:
        """Raises InvalidArn unless all six parts are there."""
        prefix, *parts = text.split(":", 5)
        if prefix != "arn" or len(parts) != 5:
            raise InvalidArn(text)
        return cls(*parts)

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"

    @property
    def kind(self) -> str:
        """The word before the first ``/`` or ``:`` of the resource: ``role``, ``function``, …

        >>> Arn.parse("arn:aws:iam::111122223333:role/app/Web").kind
        'role'
        """
        head = self.resource.split("/", 1)[0]
        return head.split(":", 1)[0]

    @property
    def name(self) -> str:
        """The last ``/`` segment: the name of a role, user, policy or profile without its path.

        >>> Arn.parse("arn:aws:iam::111122223333:role/app/Web").name
        'Web'
        """
        return self.resource.rsplit("/", 1)[-1]
