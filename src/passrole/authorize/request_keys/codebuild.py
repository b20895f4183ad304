"""AWS CodeBuild, whose keys are named after the members of its requests.

Source: Service Authorization Reference, "Condition keys for AWS CodeBuild"; CodeBuild User Guide, "AWS
CodeBuild condition keys". StartBuild and StartBuildBatch have the same keys for what they override.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from passrole.authorize.call import Call
from passrole.authorize.context import Values
from passrole.authorize.request_keys.source import Computed, Keys, Rules, many, one
from passrole.catalog import paths
from passrole.state.directory import Directory

# A member of a project -> the one that overrides it in a build, where that is not MEMBER + Override.
_OVERRIDES: Final[Mapping[str, str]] = {
    "environment.certificate": "certificateOverride",
    "environment.computeType": "computeTypeOverride",
    "environment.environmentVariables": "environmentVariablesOverride",
    "environment.fleet": "fleetOverride",
    "environment.image": "imageOverride",
    "environment.imagePullCredentialsType": "imagePullCredentialsTypeOverride",
    "environment.privilegedMode": "privilegedModeOverride",
    "environment.registryCredential": "registryCredentialOverride",
    "environment.type": "environmentTypeOverride",
    "source.auth": "sourceAuthOverride",
    "source.buildStatusConfig": "buildStatusConfigOverride",
    "source.insecureSsl": "insecureSslOverride",
    "source.location": "sourceLocationOverride",
}


def _overriding(member: str) -> str:
    """The path of a build's override.

    >>> _overriding("environment.registryCredential.credential"), _overriding("cache.modes[]")
    ('registryCredentialOverride.credential', 'cacheOverride.modes[]')
    """
    bare = member.replace("[]", "")
    for known, overriding in _OVERRIDES.items():
        if bare == known or bare.startswith(f"{known}."):
            return overriding + member[len(known) :]
    head, dot, rest = member.partition(".")
    lists = "[]" if head.endswith("[]") else ""
    return f"{head.removesuffix('[]')}Override{lists}{dot}{rest}"


_VALUES: Final = (
    "artifacts.bucketOwnerAccess",
    "artifacts.encryptionDisabled",
    "artifacts.location",
    "autoRetryLimit",
    "buildBatchConfig.serviceRole",
    "cache.location",
    "cache.type",
    "encryptionKey",
    "environment.certificate",
    "environment.computeConfiguration.disk",
    "environment.computeConfiguration.instanceType",
    "environment.computeConfiguration.machineType",
    "environment.computeConfiguration.memory",
    "environment.computeConfiguration.vCpu",
    "environment.computeType",
    "environment.fleet.fleetArn",
    "environment.image",
    "environment.imagePullCredentialsType",
    "environment.privilegedMode",
    "environment.registryCredential.credential",
    "environment.registryCredential.credentialProvider",
    "environment.type",
    "logsConfig.s3Logs.bucketOwnerAccess",
    "logsConfig.s3Logs.encryptionDisabled",
    "logsConfig.s3Logs.location",
    "logsConfig.s3Logs.status",
    "serviceRole",
    "source.auth.resource",
    "source.auth.type",
    "source.buildStatusConfig.context",
    "source.buildStatusConfig.targetUrl",
    "source.insecureSsl",
    "source.location",
    "vpcConfig.vpcId",
    # Not of projects
    "authType",
    "buildType",
    "computeConfiguration.disk",
    "computeConfiguration.instanceType",
    "computeConfiguration.machineType",
    "computeConfiguration.memory",
    "computeConfiguration.vCpu",
    "computeType",
    "concurrentBuildLimit",
    "environmentType",
    "exportConfig.s3Destination.bucket",
    "exportConfig.s3Destination.bucketOwner",
    "exportConfig.s3Destination.encryptionDisabled",
    "exportConfig.s3Destination.encryptionKey",
    "exportConfig.s3Destination.path",
    "fleetServiceRole",
    "imageId",
    "manualCreation",
    "projectVisibility",
    "scopeConfiguration.domain",
    "scopeConfiguration.name",
    "scopeConfiguration.scope",
    "serverType",
    "shouldOverwrite",
    "username",
)
_LISTS: Final = (
    "buildBatchConfig.restrictions.computeTypesAllowed[]",
    "buildBatchConfig.restrictions.fleetsAllowed[]",
    "cache.modes[]",
    "environment.environmentVariables[].name",
    "environment.environmentVariables[].value",
    "fileSystemLocations[].identifier",
    "fileSystemLocations[].location",
    "fileSystemLocations[].type",
    "secondaryArtifacts[].artifactIdentifier",
    "secondaryArtifacts[].bucketOwnerAccess",
    "secondaryArtifacts[].encryptionDisabled",
    "secondaryArtifacts[].location",
    "secondarySources[].auth.resource",
    "secondarySources[].auth.type",
    "secondarySources[].buildStatusConfig.context",
    "secondarySources[].buildStatusConfig.targetUrl",
    "secondarySources[].insecureSsl",
    "secondarySources[].location",
    "secondarySources[].sourceIdentifier",
    "vpcConfig.securityGroupIds[]",
    "vpcConfig.subnets[]",
)
# Only whether they are there counts; what AWS puts in their place is not documented.
_STRUCTURES: Final[Mapping[str, tuple[str, ...]]] = {
    "artifacts": ("artifacts", "artifactsOverride"),
    "buildBatchConfig": ("buildBatchConfig", "buildBatchConfigOverride"),
    "cache": ("cache", "cacheOverride"),
    "computeConfiguration": ("computeConfiguration",),
    "environment": ("environment",),
    "environment.computeConfiguration": ("environment.computeConfiguration",),
    "environment.environmentVariables": (
        "environment.environmentVariables",
        "environmentVariablesOverride",
    ),
    "environment.registryCredential": ("environment.registryCredential", "registryCredentialOverride"),
    "logsConfig": ("logsConfig", "logsConfigOverride"),
    "logsConfig.s3Logs": ("logsConfig.s3Logs", "logsConfigOverride.s3Logs"),
    "secondaryArtifacts": ("secondaryArtifacts", "secondaryArtifactsOverride"),
    "secondarySources": ("secondarySources", "secondarySourcesOverride"),
    "secondarySources.buildspec": ("secondarySources[].buildspec", "secondarySourcesOverride[].buildspec"),
    "source": ("source",),
    "source.buildspec": ("source.buildspec", "buildspecOverride"),
    "token": ("token",),
    "vpcConfig": ("vpcConfig",),
}


def _there(*members: str) -> Computed:
    """Absent where the request has none of it, else unknown."""

    def find(call: Call, directory: Directory) -> str | None:
        return None if any(True for path in members for _ in paths.values(path, call.input)) else ""

    return find


def _key(member: str) -> str:
    return f"codebuild:{member.replace('[]', '').lower()}"


KEYS: Final[Keys] = {
    **{_key(member): one(member, _overriding(member)) for member in _VALUES},
    **{_key(member): many(member, _overriding(member)) for member in _LISTS},
    # What a variable, a source or an artifact is named stands in these: see as_given.
    "codebuild:environment.environmentvariables/": one(),
    "codebuild:filesystemlocations/": one(),
    "codebuild:secondaryartifacts/": one(),
    "codebuild:secondarysources/": one(),
}

RULES: Final[Rules] = {_key(member): _there(*places) for member, places in _STRUCTURES.items()}

# Lists whose elements have keys of their own: their paths, the member that names an element, its keys.
_NAMED: Final = (
    ("environment.environmentVariables", "environmentVariablesOverride", "name", ("value",)),
    ("fileSystemLocations", "fileSystemLocations", "identifier", ("location", "type")),
    (
        "secondaryArtifacts",
        "secondaryArtifactsOverride",
        "artifactIdentifier",
        ("bucketOwnerAccess", "encryptionDisabled", "location"),
    ),
    (
        "secondarySources",
        "secondarySourcesOverride",
        "sourceIdentifier",
        (
            "auth.resource",
            "auth.type",
            "buildStatusConfig.context",
            "buildStatusConfig.targetUrl",
            "buildspec",
            "insecureSsl",
            "location",
        ),
    ),
)


def as_given(call: Call) -> Mapping[str, Values]:
    """``codebuild:environment.environmentVariables/STAGE.value`` and other keys with a name in them."""
    return dict(_named(call.input))


def _named(given: Mapping[str, object]) -> Iterator[tuple[str, Values]]:
    for member, overriding, naming, keys in _NAMED:
        for path in dict.fromkeys((f"{member}[]", f"{overriding}[]")):
            for _, element in paths.values(path, given):
                name = element.get(naming) if isinstance(element, Mapping) else None
                for key in keys if isinstance(name, str) else ():
                    for _, value in paths.values(key, element):
                        text = str(value).lower() if isinstance(value, bool) else str(value)
                        yield f"codebuild:{member.lower()}/{str(name).lower()}.{key.lower()}", text
