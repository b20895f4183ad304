"""What an identity provider says of somebody who has no AWS credentials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from passrole.state.entities import Tags


@dataclass(frozen=True, slots=True)
class ProvenIdentity:
    """A web identity token or SAML assertion that has been verified.

    provider is as a trust policy's Federated element names it. context holds the condition keys that
    follow from it, names in lower case; issuer, audience, subject and subject_type are what the answer
    shows. tags, transitive and source_identity are what the provider passes into the session, session
    name and seconds too where it says them ("" and None otherwise).
    """

    provider: str
    issuer: str
    audience: str
    subject: str
    subject_type: str = ""
    name_qualifier: str = ""
    context: Mapping[str, str] = field(default_factory=dict)
    tags: Tags = ()
    transitive: tuple[str, ...] = ()
    source_identity: str = ""
    session_name: str = ""
    seconds: int | None = None
    assertion: str = ""  # the id of a SAML assertion

    @property
    def request_context(self) -> Mapping[str, str | tuple[str, ...]]:
        """Condition keys of a request with that identity: context, and what goes into the session."""
        keys: dict[str, str | tuple[str, ...]] = dict(self.context)
        if self.tags:
            keys["aws:tagkeys"] = tuple(key for key, _ in self.tags)
            keys |= {f"aws:requesttag/{key.lower()}": value for key, value in self.tags}
        if self.transitive:
            keys["sts:transitivetagkeys"] = self.transitive
        if self.source_identity:
            keys["sts:sourceidentity"] = self.source_identity
        if self.session_name:
            keys["sts:rolesessionname"] = self.session_name
        return keys
