"""What a record says was asked: the input, and of STS what came with the caller's session or provider.

Source: IAM User Guide, "Logging IAM and AWS STS API calls with AWS CloudTrail", examples of role chaining,
AssumeRoleWithSAML and AssumeRoleWithWebIdentity.
"""

from __future__ import annotations

from collections.abc import Mapping

from passrole.authorize import federation
from passrole.authorize.call import Call
from passrole.state.directory import Directory

Members = Mapping[str, object]


def asked(call: Call, directory: Directory, *, answered: bool) -> Members:
    """The members of requestParameters, in the API's spelling; answered: the call has succeeded."""
    if call.service != "sts" or not answered:
        return call.input
    if federation.federated(call):
        return {**call.input, **_proven(call, directory)}
    session = call.caller.session
    if call.operation != "AssumeRole" or session is None or not session.transitive:
        return call.input
    following = {key.lower() for key in session.transitive}
    tags = {key: value for key, value in session.tags if key.lower() in following}
    return {**call.input, "IncomingTransitiveTags": tags}


def _proven(call: Call, directory: Directory) -> dict[str, object]:
    """What the provider passes into the session, beside what the request says."""
    proven = federation.prove(call, directory)
    found: dict[str, object] = {
        "sAMLAssertionID": proven.assertion,
        "RoleSessionName": proven.session_name,
        "SourceIdentity": proven.source_identity,
        "PrincipalTags": dict(proven.tags),
        "TransitiveTagKeys": list(proven.transitive),
    }
    return {name: value for name, value in found.items() if value}
