"""SAML 2.0 responses, verified against the metadata of the provider that sent them.

Sources: STS API Reference, AssumeRoleWithSAML; IAM User Guide, "Configure SAML assertions for the
authentication response" and "Available keys for SAML-based federation". Texts: public reports.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from xml.dom import minidom

from cryptography import x509

from passrole.authorize import xml_signature
from passrole.authorize.identity import ProvenIdentity
from passrole.authorize.web_identity import ExpiredToken, InvalidIdentityToken
from passrole.authorize.xml_signature import DS, BadXml, child, children, text_of
from passrole.state.directory import Directory
from passrole.state.providers import SamlProvider
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn, ServiceError

_ASSERTION: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
_PROTOCOL: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
_METADATA: Final = "urn:oasis:names:tc:SAML:2.0:metadata"
_ATTRIBUTES: Final = "https://aws.amazon.com/SAML/Attributes/"
_AUDIENCES: Final = ("https://signin.aws.amazon.com/saml", "urn:amazon:webservices")
_REDEEM: Final = timedelta(minutes=5)  # after it was issued
_SKEW: Final = timedelta(minutes=5)


class IDPRejectedClaim(ServiceError):
    """An assertion without a claim that it must have."""

    code, status = "IDPRejectedClaim", 403


def prove(
    encoded: str, role_arn: str, provider_arn: str, directory: Directory, now: datetime
) -> ProvenIdentity:
    """Who a response speaks of, for that role through that provider.

    Raises InvalidIdentityToken, ExpiredToken or IDPRejectedClaim.
    """
    provider = _provider(provider_arn, directory)
    try:
        root = xml_signature.parse(base64.b64decode(encoded, validate=True))
        assertion = _signed_assertion(root, _certificates(provider.metadata))
        return _identity(assertion, role_arn, provider, now)
    except (BadXml, binascii.Error, ValueError) as error:
        raise InvalidIdentityToken("Your request included an invalid SAML response.") from error


def _provider(arn: str, directory: Directory) -> SamlProvider:
    try:
        account = Arn.parse(arn).account
    except InvalidArn:
        raise InvalidIdentityToken("Specified provider doesn't exist") from None
    found = directory.get(SamlProvider, account, arn.partition(":saml-provider/")[2])
    if found is None or found.arn != arn:
        raise InvalidIdentityToken("Specified provider doesn't exist")
    if found.encryption == "Required":
        # Encrypted assertions are not read here: a plain one does not do where encryption is required.
        raise InvalidIdentityToken("The provider requires encrypted assertions.")  # assumed wording
    return found


def _certificates(metadata: str) -> list[x509.Certificate]:
    """The signing certificates of an IdP's metadata."""
    root = xml_signature.parse(metadata.encode())
    found: list[x509.Certificate] = []
    for descriptor in children(root, _METADATA, "IDPSSODescriptor"):
        for key in children(descriptor, _METADATA, "KeyDescriptor"):
            if key.getAttribute("use") in ("", "signing"):
                for data in children(child(key, DS, "KeyInfo"), DS, "X509Data"):
                    text = "".join(text_of(child(data, DS, "X509Certificate")).split())
                    found.append(x509.load_der_x509_certificate(base64.b64decode(text)))
    if not found:
        raise BadXml("the metadata have no signing certificate")
    return found


def _signed_assertion(root: minidom.Element, certificates: list[x509.Certificate]) -> minidom.Element:
    """The response's one assertion; it is signed itself, or stands inside a signed response."""
    if root.namespaceURI != _PROTOCOL or root.localName != "Response":
        raise BadXml("it is no SAML response")
    signed = bool(children(root, DS, "Signature"))
    if signed:
        xml_signature.verify(root, "ID", certificates)
    assertion = child(root, _ASSERTION, "Assertion")
    if children(assertion, DS, "Signature") or not signed:
        xml_signature.verify(assertion, "ID", certificates)
    return assertion


def _identity(
    assertion: minidom.Element, role_arn: str, provider: SamlProvider, now: datetime
) -> ProvenIdentity:
    issuer = text_of(child(assertion, _ASSERTION, "Issuer"))
    name = child(child(assertion, _ASSERTION, "Subject"), _ASSERTION, "NameID")
    _check_times(assertion, now)
    recipient = _recipient(assertion, now)
    attributes = dict(_attributes(assertion))
    roles = attributes.get("Role", ())
    pairs = [{part.strip() for part in value.split(",")} for value in roles]
    if {role_arn, provider.arn} not in pairs:
        raise IDPRejectedClaim(
            "Source Identity Provider does not vouch for the role and the provider."  # assumed wording
        )
    session = attributes.get("RoleSessionName", ())
    if len(session) != 1:
        raise InvalidIdentityToken("RoleSessionName is required in AuthnResponse")
    format = name.getAttribute("Format").rsplit(":", 1)[-1]
    subject, sub_type = (
        text_of(name),
        format if format in ("persistent", "transient") else name.getAttribute("Format"),
    )
    doc = f"{provider.account}/{provider.name}"
    qualifier = base64.b64encode(
        hashlib.sha1(f"{issuer}{provider.account}/{provider.name}".encode(), usedforsecurity=False).digest()
    ).decode()
    seconds = attributes.get("SessionDuration", ())
    tags = tuple(
        (key.removeprefix("PrincipalTag:"), values[0])
        for key, values in attributes.items()
        if key.startswith("PrincipalTag:") and values
    )
    return ProvenIdentity(
        provider=provider.arn,
        issuer=issuer,
        audience=recipient,
        subject=subject,
        subject_type=sub_type,
        name_qualifier=qualifier,
        context={
            "saml:aud": recipient,
            "saml:iss": issuer,
            "saml:sub": subject,
            "saml:sub_type": sub_type,
            "saml:namequalifier": qualifier,
            "saml:doc": doc,
            "aws:federatedprovider": provider.arn,
        },
        tags=tags,
        transitive=tuple(attributes.get("TransitiveTagKeys", ())),
        source_identity=next(iter(attributes.get("SourceIdentity", ())), ""),
        session_name=session[0],
        seconds=int(seconds[0]) if seconds and seconds[0].isdigit() else None,
        assertion=assertion.getAttribute("ID"),
    )


def _check_times(assertion: minidom.Element, now: datetime) -> None:
    issued = _time(assertion.getAttribute("IssueInstant"))
    if not -_SKEW <= now - issued <= _REDEEM:
        raise ExpiredToken("Token must be redeemed within 5 minutes of issuance")
    conditions = child(assertion, _ASSERTION, "Conditions")
    begins, ends = conditions.getAttribute("NotBefore"), conditions.getAttribute("NotOnOrAfter")
    if (begins and now + _SKEW < _time(begins)) or (ends and now >= _time(ends)):
        raise ExpiredToken("Token must be redeemed within 5 minutes of issuance")
    audiences = [
        text_of(audience)
        for restriction in children(conditions, _ASSERTION, "AudienceRestriction")
        for audience in children(restriction, _ASSERTION, "Audience")
    ]
    if not any(_is_ours(audience) for audience in audiences):
        raise InvalidIdentityToken("Response does not contain the required audience.")


def _recipient(assertion: minidom.Element, now: datetime) -> str:
    """The Recipient of a bearer confirmation that holds now."""
    subject = child(assertion, _ASSERTION, "Subject")
    for confirmation in children(subject, _ASSERTION, "SubjectConfirmation"):
        for data in children(confirmation, _ASSERTION, "SubjectConfirmationData"):
            ends = data.getAttribute("NotOnOrAfter")
            recipient = data.getAttribute("Recipient")
            if ends and now < _time(ends) and _is_ours(recipient):
                return recipient
    raise InvalidIdentityToken("Response does not contain the required audience.")


def _is_ours(place: str) -> bool:
    """Is that AWS's sign-in address, of whatever Region?"""
    if place in _AUDIENCES:
        return True
    return place.startswith("https://") and place.endswith(".signin.aws.amazon.com/saml")


def _attributes(assertion: minidom.Element) -> Iterator[tuple[str, tuple[str, ...]]]:
    """AWS's attributes by the end of their name: ``Role``, ``PrincipalTag:team``."""
    for statement in children(assertion, _ASSERTION, "AttributeStatement"):
        for attribute in children(statement, _ASSERTION, "Attribute"):
            name = attribute.getAttribute("Name")
            if name.startswith(_ATTRIBUTES):
                values = children(attribute, _ASSERTION, "AttributeValue")
                yield name.removeprefix(_ATTRIBUTES), tuple(text_of(value) for value in values)


def _time(text: str) -> datetime:
    """Raises ValueError."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
