"""OpenID Connect providers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from msgspec.structs import replace

from passrole.services.iam import paging, quotas, tags
from passrole.services.iam.errors import InvalidInput, NoSuchEntity, ValidationError
from passrole.services.iam.lookup import ensure_free, moment
from passrole.services.operation import Output, ServiceCall, operation
from passrole.state.providers import OidcProvider

if TYPE_CHECKING:
    from passrole.services.shapes import iam as shapes

_MOST_THUMBPRINTS: Final = 5

# AWS takes https:// only. An issuer that runs beside this endpoint may be reached without TLS.
_LOOPBACK: Final = frozenset(("127.0.0.1", "localhost", "::1"))


@operation("iam:CreateOpenIDConnectProvider")
def create_provider(call: ServiceCall, given: shapes.CreateOpenIDConnectProviderRequest) -> Output:
    """Adds a provider. Raises ValidationError, EntityAlreadyExists, InvalidInput or LimitExceeded.

    Thumbprints are kept as given and not asked of the issuer: its certificate is checked against the
    machine's trusted authorities, as AWS does it now.
    """
    scheme, url = _url(given["Url"])
    clients = tuple(dict.fromkeys(given.get("ClientIDList", ())))
    provider_tags = tags.checked(given.get("Tags", ()), tags.exact)
    thumbprints = _thumbprints(given.get("ThumbprintList", ()))
    quotas.within("ClientIdsPerOpenIdConnectProvider", len(clients))
    ensure_free(call, OidcProvider, url, shown=given["Url"])
    quotas.room_for(call, OidcProvider, "OpenIdConnectProvidersPerAccount")
    provider = OidcProvider(
        account=call.account,
        url=url,
        scheme=scheme,
        client_ids=clients,
        thumbprints=thumbprints,
        created=moment(call),
        tags=provider_tags,
    )
    call.directory.put(provider)
    view: shapes.CreateOpenIDConnectProviderResponse = {"OpenIDConnectProviderArn": provider.arn}
    if provider.tags:
        view["Tags"] = tags.given(provider.tags)
    return view


@operation("iam:GetOpenIDConnectProvider")
def get_provider(call: ServiceCall, given: shapes.GetOpenIDConnectProviderRequest) -> Output:
    """A provider; its URL comes without the scheme. Raises NoSuchEntity."""
    provider = _provider(call, given["OpenIDConnectProviderArn"])
    return {
        "Url": provider.url,
        "ClientIDList": list(provider.client_ids),
        "ThumbprintList": list(provider.thumbprints),
        "CreateDate": provider.created,
        "Tags": tags.listed(provider.tags),
    }


@operation("iam:ListOpenIDConnectProviders")
def list_providers(call: ServiceCall, given: shapes.ListOpenIDConnectProvidersRequest) -> Output:
    """All providers of the account; the listing has no pages."""
    providers = call.directory.all(OidcProvider, call.account)
    return {"OpenIDConnectProviderList": [{"Arn": provider.arn} for provider in providers]}


@operation("iam:UpdateOpenIDConnectProviderThumbprint")
def update_thumbprints(
    call: ServiceCall, given: shapes.UpdateOpenIDConnectProviderThumbprintRequest
) -> Output:
    """Replaces the whole list of thumbprints. Raises NoSuchEntity or InvalidInput."""
    provider = _provider(call, given["OpenIDConnectProviderArn"])
    call.directory.put(replace(provider, thumbprints=_thumbprints(given["ThumbprintList"])))
    return {}


@operation("iam:AddClientIDToOpenIDConnectProvider")
def add_client(call: ServiceCall, given: shapes.AddClientIDToOpenIDConnectProviderRequest) -> Output:
    """Adds an audience; once more changes nothing. Raises NoSuchEntity or LimitExceeded."""
    provider = _provider(call, given["OpenIDConnectProviderArn"])
    if given["ClientID"] not in provider.client_ids:
        clients = (*provider.client_ids, given["ClientID"])
        quotas.within("ClientIdsPerOpenIdConnectProvider", len(clients))
        call.directory.put(replace(provider, client_ids=clients))
    return {}


@operation("iam:RemoveClientIDFromOpenIDConnectProvider")
def remove_client(call: ServiceCall, given: shapes.RemoveClientIDFromOpenIDConnectProviderRequest) -> Output:
    """Removes an audience, if it is there. Raises NoSuchEntity."""
    provider = _provider(call, given["OpenIDConnectProviderArn"])
    clients = tuple(client for client in provider.client_ids if client != given["ClientID"])
    call.directory.put(replace(provider, client_ids=clients))
    return {}


@operation("iam:DeleteOpenIDConnectProvider")
def delete_provider(call: ServiceCall, given: shapes.DeleteOpenIDConnectProviderRequest) -> Output:
    """Removes a provider; roles that trust it can no longer be assumed through it. Raises NoSuchEntity."""
    arn = given["OpenIDConnectProviderArn"]
    provider = _found(call, arn)
    if provider is None:
        raise NoSuchEntity(f"OpenId connect Provider {arn} cannot be found.")
    call.directory.delete(provider)
    return {}


@operation("iam:TagOpenIDConnectProvider")
def tag_provider(call: ServiceCall, given: shapes.TagOpenIDConnectProviderRequest) -> Output:
    """Adds or replaces tags. Raises NoSuchEntity, InvalidInput or LimitExceeded."""
    provider = _provider(call, given["OpenIDConnectProviderArn"])
    call.directory.put(replace(provider, tags=tags.merged(provider.tags, given["Tags"], tags.exact)))
    return {}


@operation("iam:UntagOpenIDConnectProvider")
def untag_provider(call: ServiceCall, given: shapes.UntagOpenIDConnectProviderRequest) -> Output:
    """Removes tags by key. Raises NoSuchEntity."""
    provider = _provider(call, given["OpenIDConnectProviderArn"])
    call.directory.put(replace(provider, tags=tags.without(provider.tags, given["TagKeys"], tags.exact)))
    return {}


@operation("iam:ListOpenIDConnectProviderTags")
def list_provider_tags(call: ServiceCall, given: shapes.ListOpenIDConnectProviderTagsRequest) -> Output:
    """A provider's tags, by key. Raises NoSuchEntity."""
    provider = _provider(call, given["OpenIDConnectProviderArn"])
    found, cut = paging.page_of(tags.listed(provider.tags), given.get("Marker"), given.get("MaxItems"))
    return {"Tags": found, **cut}


def _url(text: str) -> tuple[str, str]:
    """Scheme, and the URL without it. Raises ValidationError."""
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    secure = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    if not secure or not host or parts.query or parts.fragment or parts.username is not None:
        raise ValidationError("Invalid Open ID Connect Provider URL")
    return parts.scheme, text.partition("://")[2]


def _thumbprints(given: Sequence[str]) -> tuple[str, ...]:
    if len(given) > _MOST_THUMBPRINTS:
        raise InvalidInput("Thumbprint list must contain fewer than 5 entries.")
    return tuple(given)


def _found(call: ServiceCall, arn: str) -> OidcProvider | None:
    url = arn.partition(":oidc-provider/")[2]
    provider = call.directory.by_key(OidcProvider, call.account, url.lower())
    return provider if provider is not None and provider.arn == arn else None


def _provider(call: ServiceCall, arn: str) -> OidcProvider:
    provider = _found(call, arn)
    if provider is None:
        raise NoSuchEntity(f"OpenIDConnect Provider not found for arn {arn}")
    return provider
