"""A SAML identity provider: its metadata, and responses that it signs.

Canonical forms come from Python's own ``canonicalize`` (Canonical XML 2.0, whose form of documents like
these is that of exclusive canonicalization), so that ours is not measured by itself.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final
from xml.etree.ElementTree import canonicalize
from xml.sax.saxutils import escape, quoteattr

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

ISSUER: Final = "https://idp.example/saml"
SIGN_IN: Final = "https://signin.aws.amazon.com/saml"
ATTRIBUTES: Final = "https://aws.amazon.com/SAML/Attributes/"
_DS: Final = "http://www.w3.org/2000/09/xmldsig#"
_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
_SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class IdentityProvider:
    """One key with its certificate. kind is ``rsa`` or ``ec``."""

    def __init__(self, kind: str = "rsa") -> None:
        self.key: PrivateKey = (
            rsa.generate_private_key(public_exponent=65537, key_size=2048)
            if kind == "rsa"
            else ec.generate_private_key(ec.SECP256R1())
        )
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.example")])
        begins = datetime(2026, 1, 1, tzinfo=UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(7)
            .not_valid_before(begins)
            .not_valid_after(begins + timedelta(days=3650))
            .sign(self.key, SHA256())
        )
        self.certificate = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()

    def metadata(self, issuer: str = ISSUER) -> str:
        """What CreateSAMLProvider is given."""
        return (
            f'<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{issuer}">'
            '<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
            f'<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="{_DS}"><ds:X509Data>'
            f"<ds:X509Certificate>{self.certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
            "</md:KeyDescriptor>"
            '<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"'
            f' Location="{issuer}/sso"/>'
            f"</md:IDPSSODescriptor><!-- {'at least 1000 letters ' * 30}--></md:EntityDescriptor>"
        )

    def signature(self, signed: str, id: str) -> str:
        """The Signature over a text that is an element of that ID."""
        method = "rsa-sha256" if isinstance(self.key, rsa.RSAPrivateKey) else "ecdsa-sha256"
        value = base64.b64encode(hashlib.sha256(canonicalize(signed).encode()).digest()).decode()
        info = (
            f'<ds:SignedInfo xmlns:ds="{_DS}"><ds:CanonicalizationMethod Algorithm="{_C14N}"/>'
            f'<ds:SignatureMethod Algorithm="{_MORE}{method}"/><ds:Reference URI="#{id}"><ds:Transforms>'
            f'<ds:Transform Algorithm="{_DS}enveloped-signature"/>'
            f'<ds:Transform Algorithm="{_C14N}"/></ds:Transforms>'
            f'<ds:DigestMethod Algorithm="{_SHA256}"/><ds:DigestValue>{value}</ds:DigestValue>'
            "</ds:Reference></ds:SignedInfo>"
        )
        made = base64.b64encode(self._sign(canonicalize(info).encode())).decode()
        return (
            f'<ds:Signature xmlns:ds="{_DS}">{info}<ds:SignatureValue>{made}</ds:SignatureValue>'
            "</ds:Signature>"
        )

    def _sign(self, data: bytes) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(data, padding.PKCS1v15(), SHA256())
        r, s = decode_dss_signature(self.key.sign(data, ec.ECDSA(SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@cache
def usual() -> IdentityProvider:
    """The provider of every test that needs no other: making a key takes a while."""
    return IdentityProvider()


def assertion(
    now: datetime,
    attributes: Mapping[str, Sequence[str]],
    *,
    id: str = "_a",
    subject: str = "alice",
    audience: str = SIGN_IN,
    recipient: str = SIGN_IN,
    issued: timedelta = timedelta(0),
    lasts: timedelta = timedelta(minutes=5),
    begins: timedelta = timedelta(0),
    name_format: str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    placeholder: str = "",
) -> str:
    """An unsigned Assertion; placeholder stands where its signature belongs."""
    rows = "".join(
        f"<saml:Attribute Name={quoteattr(ATTRIBUTES + name)}>"
        + "".join(f"<saml:AttributeValue>{escape(value)}</saml:AttributeValue>" for value in values)
        + "</saml:Attribute>"
        for name, values in attributes.items()
    )
    return (
        f'<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Version="2.0" ID="{id}"'
        f' IssueInstant="{stamp(now + issued)}"><saml:Issuer>{ISSUER}</saml:Issuer>{placeholder}'
        f'<saml:Subject><saml:NameID Format="{name_format}">{subject}</saml:NameID>'
        '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
        f'<saml:SubjectConfirmationData NotOnOrAfter="{stamp(now + lasts)}" Recipient="{recipient}"/>'
        "</saml:SubjectConfirmation></saml:Subject>"
        f'<saml:Conditions NotBefore="{stamp(now + begins)}" NotOnOrAfter="{stamp(now + lasts)}">'
        f"<saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction>"
        f"</saml:Conditions><saml:AttributeStatement>{rows}</saml:AttributeStatement></saml:Assertion>"
    )


def response(*inside: str, id: str = "_r", placeholder: str = "") -> str:
    """A Response around assertions."""
    return (
        f'<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" Version="2.0" ID="{id}">'
        f"{placeholder}<samlp:Status><samlp:StatusCode"
        ' Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>'
        f"{''.join(inside)}</samlp:Response>"
    )


def signed(provider: IdentityProvider, unsigned: str, id: str = "_a") -> str:
    """An Assertion with its signature after the issuer."""
    end = "</saml:Issuer>"
    place = unsigned.index(end) + len(end)
    return unsigned[:place] + provider.signature(unsigned, id) + unsigned[place:]


def encoded(text: str) -> str:
    """As AssumeRoleWithSAML takes it."""
    return base64.b64encode(text.encode()).decode()


def stamp(moment: datetime) -> str:
    """``2026-03-01T12:00:00Z``."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
