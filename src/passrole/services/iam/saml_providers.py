"""SAML 2.0 providers."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from msgspec.structs import replace

from passrole.services.iam import paging, quotas, tags
from passrole.services.iam.errors import InvalidInput, LimitExceeded, NoSuchEntity
from passrole.services.iam.lookup import ensure_free, moment
from passrole.services.operation import Output, ServiceCall, operation
from passrole.state.providers import SamlKey, SamlProvider

if TYPE_CHECKING:
    from passrole.services.shapes import iam as shapes

_METADATA: Final = "{urn:oasis:names:tc:SAML:2.0:metadata}"
_MOST_KEYS: Final = 2  # Source: IAM User Guide, "Manage SAML encryption keys"
_VALIDITY: Final = timedelta(days=36_500)  # where the metadata do not say
_DEFAULT_MODE: Final = "Allowed"


@operation("iam:CreateSAMLProvider")
def create_provider(call: ServiceCall, given: shapes.CreateSAMLProviderRequest) -> Output:
    """Adds a provider from its metadata document.

    Raises InvalidInput, EntityAlreadyExists or LimitExceeded.
    """
    name = given["Name"]
    provider_tags = tags.checked(given.get("Tags", ()), tags.exact)
    now = moment(call)
    until = _valid_until(given["SAMLMetadataDocument"], now)
    ensure_free(call, SamlProvider, name)
    quotas.room_for(call, SamlProvider, "SAMLProvidersPerAccount")
    key = given.get("AddPrivateKey")
    provider = SamlProvider(
        account=call.account,
        name=name,
        id=call.ids.unique(""),
        metadata=given["SAMLMetadataDocument"],
        created=now,
        valid_until=until,
        encryption=given.get("AssertionEncryptionMode", ""),
        keys=(_key(call, key),) if key is not None else (),
        tags=provider_tags,
    )
    call.directory.put(provider)
    view: shapes.CreateSAMLProviderResponse = {"SAMLProviderArn": provider.arn}
    if provider.tags:
        view["Tags"] = tags.given(provider.tags)
    return view


@operation("iam:GetSAMLProvider")
def get_provider(call: ServiceCall, given: shapes.GetSAMLProviderRequest) -> Output:
    """A provider with its metadata; of its private keys only the ids. Raises NoSuchEntity."""
    provider = _provider(call, given["SAMLProviderArn"])
    keys: list[shapes.SAMLPrivateKey] = [{"KeyId": key.id, "Timestamp": key.added} for key in provider.keys]
    return {
        "SAMLProviderUUID": provider.id,
        "SAMLMetadataDocument": provider.metadata,
        "CreateDate": provider.created,
        "ValidUntil": provider.valid_until,
        "Tags": tags.listed(provider.tags),
        "AssertionEncryptionMode": provider.encryption or _DEFAULT_MODE,
        "PrivateKeyList": keys,
    }


@operation("iam:ListSAMLProviders")
def list_providers(call: ServiceCall, given: shapes.ListSAMLProvidersRequest) -> Output:
    """All providers of the account; the listing has no pages."""
    entries: list[shapes.SAMLProviderListEntry] = [
        {"Arn": provider.arn, "ValidUntil": provider.valid_until, "CreateDate": provider.created}
        for provider in call.directory.all(SamlProvider, call.account)
    ]
    return {"SAMLProviderList": entries}


@operation("iam:UpdateSAMLProvider")
def update_provider(call: ServiceCall, given: shapes.UpdateSAMLProviderRequest) -> Output:
    """Replaces metadata or encryption mode, adds or removes a private key.

    Raises NoSuchEntity, InvalidInput or LimitExceeded.
    """
    provider = _provider(call, given["SAMLProviderArn"])
    metadata = given.get("SAMLMetadataDocument")
    if metadata is not None:
        until = _valid_until(metadata, moment(call))
        provider = replace(provider, metadata=metadata, valid_until=until)
    removed = given.get("RemovePrivateKey")
    keys = tuple(key for key in provider.keys if key.id != removed)
    if removed is not None and len(keys) == len(provider.keys):
        raise NoSuchEntity(f"Private key {removed} cannot be found.")  # assumed wording
    added = given.get("AddPrivateKey")
    if added is not None:
        if len(keys) >= _MOST_KEYS:
            raise LimitExceeded.quota("PrivateKeysPerSAMLProvider", _MOST_KEYS)
        keys = (*keys, _key(call, added))
    mode = given.get("AssertionEncryptionMode", provider.encryption)
    call.directory.put(replace(provider, keys=keys, encryption=mode))
    return {"SAMLProviderArn": provider.arn}


@operation("iam:DeleteSAMLProvider")
def delete_provider(call: ServiceCall, given: shapes.DeleteSAMLProviderRequest) -> Output:
    """Removes a provider; roles that trust it can no longer be assumed through it. Raises NoSuchEntity."""
    call.directory.delete(_provider(call, given["SAMLProviderArn"]))
    return {}


@operation("iam:TagSAMLProvider")
def tag_provider(call: ServiceCall, given: shapes.TagSAMLProviderRequest) -> Output:
    """Adds or replaces tags. Raises NoSuchEntity, InvalidInput or LimitExceeded."""
    provider = _provider(call, given["SAMLProviderArn"])
    call.directory.put(replace(provider, tags=tags.merged(provider.tags, given["Tags"], tags.exact)))
    return {}


@operation("iam:UntagSAMLProvider")
def untag_provider(call: ServiceCall, given: shapes.UntagSAMLProviderRequest) -> Output:
    """Removes tags by key. Raises NoSuchEntity."""
    provider = _provider(call, given["SAMLProviderArn"])
    call.directory.put(replace(provider, tags=tags.without(provider.tags, given["TagKeys"], tags.exact)))
    return {}


@operation("iam:ListSAMLProviderTags")
def list_provider_tags(call: ServiceCall, given: shapes.ListSAMLProviderTagsRequest) -> Output:
    """A provider's tags, by key. Raises NoSuchEntity."""
    provider = _provider(call, given["SAMLProviderArn"])
    found, cut = paging.page_of(tags.listed(provider.tags), given.get("Marker"), given.get("MaxItems"))
    return {"Tags": found, **cut}


def _valid_until(metadata: str, now: datetime) -> datetime:
    """Until when the metadata hold. Raises InvalidInput for what are no IdP metadata."""
    if "<!DOCTYPE" in metadata or "<!ENTITY" in metadata:  # no metadata have one, and entities may explode
        raise InvalidInput("Could not parse metadata")
    try:
        root = ET.fromstring(metadata)
        if root.tag != f"{_METADATA}EntityDescriptor" or root.find(f"{_METADATA}IDPSSODescriptor") is None:
            raise InvalidInput("Could not parse metadata")
        until = root.get("validUntil")
        if until is None:
            return now + _VALIDITY
        return datetime.fromisoformat(until.replace("Z", "+00:00")).replace(microsecond=0)
    except (ET.ParseError, ValueError) as error:
        raise InvalidInput("Could not parse metadata") from error


def _key(call: ServiceCall, pem: str) -> SamlKey:
    try:
        load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise InvalidInput("The private key is malformed.") from None  # assumed wording
    return SamlKey(id=call.ids.unique("") + call.ids.unique("")[:5], pem=pem, added=moment(call))


def _provider(call: ServiceCall, arn: str) -> SamlProvider:
    name = arn.partition(":saml-provider/")[2]
    provider = call.directory.get(SamlProvider, call.account, name)
    if provider is None or provider.arn != arn:
        raise NoSuchEntity(f"Manifest not found for arn {arn}")
    return provider
