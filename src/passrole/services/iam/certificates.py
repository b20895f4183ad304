"""Server certificates, which load balancers use, and users' signing certificates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from msgspec.structs import replace

from passrole.services.iam import lookup, paging, quotas, tags
from passrole.services.iam.errors import NoSuchEntity
from passrole.services.iam.lookup import Owner, ensure_free, find, moment
from passrole.services.operation import Output, ServiceCall, operation
from passrole.state.credentials import CERTIFICATE_OF, ServerCertificate, SigningCertificate
from passrole.values.errors import ServiceError

if TYPE_CHECKING:
    from passrole.services.shapes import iam as shapes

_SERVER_CERTIFICATE = "ASCA"
_SIGNING_ID_LENGTH = 32


class MalformedCertificate(ServiceError):
    """Something that is no PEM certificate or key."""

    code, status = "MalformedCertificate", 400


class KeyPairMismatch(ServiceError):
    """A private key of another certificate."""

    code, status = "KeyPairMismatch", 400


class DuplicateCertificate(ServiceError):
    """A certificate that the user has already."""

    code, status = "DuplicateCertificate", 409


@operation("iam:UploadServerCertificate")
def upload_server(call: ServiceCall, given: shapes.UploadServerCertificateRequest) -> Output:
    """Adds a certificate with its private key.

    Raises EntityAlreadyExists, MalformedCertificate, KeyPairMismatch, InvalidInput or LimitExceeded.
    """
    name = given["ServerCertificateName"]
    certificate_tags = tags.checked(given.get("Tags", ()), tags.exact)
    ensure_free(call, ServerCertificate, name)
    quotas.room_for(call, ServerCertificate, "ServerCertificatesPerAccount")
    parsed = _parsed(given["CertificateBody"])
    chain = given.get("CertificateChain", "")
    if chain:
        _parsed_chain(chain)
    _ensure_pair(parsed, given["PrivateKey"])
    certificate = ServerCertificate(
        account=call.account,
        name=name,
        path=given.get("Path", "/"),
        id=call.ids.unique(_SERVER_CERTIFICATE, call.account),
        body=given["CertificateBody"].strip(),
        chain=chain.strip(),
        private_key=given["PrivateKey"],
        uploaded=moment(call),
        expires=parsed.not_valid_after_utc,
        tags=certificate_tags,
    )
    call.directory.put(certificate)
    view: shapes.UploadServerCertificateResponse = {"ServerCertificateMetadata": _metadata(certificate)}
    if certificate.tags:
        view["Tags"] = tags.given(certificate.tags)
    return view


@operation("iam:GetServerCertificate")
def get_server(call: ServiceCall, given: shapes.GetServerCertificateRequest) -> Output:
    """A certificate without its private key. Raises NoSuchEntity."""
    certificate = find(call, ServerCertificate, given["ServerCertificateName"])
    view: shapes.ServerCertificate = {
        "ServerCertificateMetadata": _metadata(certificate),
        "CertificateBody": certificate.body,
        "Tags": tags.listed(certificate.tags),
    }
    if certificate.chain:
        view["CertificateChain"] = certificate.chain
    return {"ServerCertificate": view}


@operation("iam:ListServerCertificates")
def list_server(call: ServiceCall, given: shapes.ListServerCertificatesRequest) -> Output:
    """The account's server certificates under a path prefix."""
    prefix = given.get("PathPrefix", "/")
    found = (
        certificate
        for certificate in call.directory.after(
            ServerCertificate, call.account, paging.start(given.get("Marker"))
        )
        if certificate.path.startswith(prefix)
    )
    certificates, cut = paging.page(found, lambda certificate: certificate.key, given.get("MaxItems"))
    return {"ServerCertificateMetadataList": [_metadata(each) for each in certificates], **cut}


@operation("iam:UpdateServerCertificate")
def update_server(call: ServiceCall, given: shapes.UpdateServerCertificateRequest) -> Output:
    """Renames or moves a certificate. Raises NoSuchEntity or EntityAlreadyExists."""
    certificate = find(call, ServerCertificate, given["ServerCertificateName"])
    name = given.get("NewServerCertificateName", certificate.name)
    if name.lower() != certificate.name.lower():
        ensure_free(call, ServerCertificate, name)
    call.directory.put(replace(certificate, name=name, path=given.get("NewPath", certificate.path)))
    return {}


@operation("iam:DeleteServerCertificate")
def delete_server(call: ServiceCall, given: shapes.DeleteServerCertificateRequest) -> Output:
    """Removes a certificate. Raises NoSuchEntity."""
    call.directory.delete(find(call, ServerCertificate, given["ServerCertificateName"]))
    return {}


@operation("iam:TagServerCertificate")
def tag_server(call: ServiceCall, given: shapes.TagServerCertificateRequest) -> Output:
    """Adds or replaces tags. Raises NoSuchEntity, InvalidInput or LimitExceeded."""
    found = find(call, ServerCertificate, given["ServerCertificateName"])
    call.directory.put(replace(found, tags=tags.merged(found.tags, given["Tags"], tags.exact)))
    return {}


@operation("iam:UntagServerCertificate")
def untag_server(call: ServiceCall, given: shapes.UntagServerCertificateRequest) -> Output:
    """Removes tags by key. Raises NoSuchEntity."""
    found = find(call, ServerCertificate, given["ServerCertificateName"])
    call.directory.put(replace(found, tags=tags.without(found.tags, given["TagKeys"], tags.exact)))
    return {}


@operation("iam:ListServerCertificateTags")
def list_server_tags(call: ServiceCall, given: shapes.ListServerCertificateTagsRequest) -> Output:
    """A certificate's tags, by key. Raises NoSuchEntity."""
    certificate = find(call, ServerCertificate, given["ServerCertificateName"])
    found, cut = paging.page_of(tags.listed(certificate.tags), given.get("Marker"), given.get("MaxItems"))
    return {"Tags": found, **cut}


@operation("iam:UploadSigningCertificate")
def upload_signing(call: ServiceCall, given: shapes.UploadSigningCertificateRequest) -> Output:
    """Adds a signing certificate. Raises NoSuchEntity, MalformedCertificate, DuplicateCertificate or
    LimitExceeded.
    """
    owner = lookup.owner(call, given.get("UserName"))
    body = given["CertificateBody"].strip()
    _parsed(body)
    held = _signing(call, owner)
    if any(certificate.body == body for certificate in held):
        # Assumed wording: no recording found.
        raise DuplicateCertificate("The certificate is already associated with the user.")
    quotas.within("CertificatesPerUser", len(held) + 1)
    certificate = SigningCertificate(
        account=call.account,
        id=(call.ids.unique("") + call.ids.unique(""))[:_SIGNING_ID_LENGTH],
        user_id=owner.id,
        body=body,
        uploaded=moment(call),
    )
    call.directory.put(certificate)
    return {"Certificate": _signing_view(certificate, owner)}


@operation("iam:ListSigningCertificates")
def list_signing(call: ServiceCall, given: shapes.ListSigningCertificatesRequest) -> Output:
    """A user's signing certificates. Raises NoSuchEntity."""
    owner = lookup.owner(call, given.get("UserName"))
    found, cut = paging.page_of(_signing(call, owner), given.get("Marker"), given.get("MaxItems"))
    return {"Certificates": [_signing_view(certificate, owner) for certificate in found], **cut}


@operation("iam:UpdateSigningCertificate")
def update_signing(call: ServiceCall, given: shapes.UpdateSigningCertificateRequest) -> Output:
    """Turns a signing certificate on or off. Raises NoSuchEntity."""
    owner = lookup.owner(call, given.get("UserName"))
    certificate = _signing_of(call, owner, given["CertificateId"])
    call.directory.put(replace(certificate, active=given["Status"] == "Active"))
    return {}


@operation("iam:DeleteSigningCertificate")
def delete_signing(call: ServiceCall, given: shapes.DeleteSigningCertificateRequest) -> Output:
    """Removes a signing certificate. Raises NoSuchEntity."""
    owner = lookup.owner(call, given.get("UserName"))
    call.directory.delete(_signing_of(call, owner, given["CertificateId"]))
    return {}


def _parsed(body: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(body.encode())
    except ValueError:
        raise MalformedCertificate(f"Certificate {body} is malformed.") from None


def _parsed_chain(chain: str) -> None:
    try:
        x509.load_pem_x509_certificates(chain.encode())
    except ValueError:
        raise MalformedCertificate(f"Certificate {chain} is malformed.") from None


def _ensure_pair(certificate: x509.Certificate, key: str) -> None:
    try:
        private = load_pem_private_key(key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Assumed wording; the key itself must not be echoed.
        raise MalformedCertificate("The private key is malformed.") from None
    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    if private.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
        raise KeyPairMismatch("The public key certificate and the private key do not match.")


def _metadata(certificate: ServerCertificate) -> shapes.ServerCertificateMetadata:
    return {
        "Path": certificate.path,
        "ServerCertificateName": certificate.name,
        "ServerCertificateId": certificate.id,
        "Arn": certificate.arn,
        "UploadDate": certificate.uploaded,
        "Expiration": certificate.expires,
    }


def _signing(call: ServiceCall, owner: Owner) -> list[SigningCertificate]:
    found = call.directory.referring(CERTIFICATE_OF, owner.id)
    return [certificate for certificate in found if isinstance(certificate, SigningCertificate)]


def _signing_of(call: ServiceCall, owner: Owner, id: str) -> SigningCertificate:
    for certificate in _signing(call, owner):
        if certificate.id == id:
            return certificate
    raise NoSuchEntity(f"The Certificate with id {id} cannot be found.")


def _signing_view(certificate: SigningCertificate, owner: Owner) -> shapes.SigningCertificate:
    return {
        "UserName": owner.name,
        "CertificateId": certificate.id,
        "CertificateBody": certificate.body,
        "Status": "Active" if certificate.active else "Inactive",
        "UploadDate": certificate.uploaded,
    }
