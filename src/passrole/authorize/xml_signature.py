"""Enveloped XML signatures, as SAML's are: verified, and nothing but what they cover is believed.

Sources: W3C, "XML Signature Syntax and Processing", "Exclusive XML Canonicalization 1.0". The signed element
is handed back as a tree: whoever reads on reads there, so that content which was wrapped around a genuine
signature is never seen.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Final
from xml.dom import minidom
from xml.parsers.expat import ExpatError

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm

from passrole.values.errors import PassroleError

DS: Final = "http://www.w3.org/2000/09/xmldsig#"
_MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
_ENC: Final = "http://www.w3.org/2001/04/xmlenc#"
_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_XMLNS: Final = "http://www.w3.org/2000/xmlns/"

# SHA-1 is not here: a signature over it can be forged.
_DIGESTS: Final[Mapping[str, str]] = {
    f"{_ENC}sha256": "sha256",
    f"{_MORE}sha384": "sha384",
    f"{_ENC}sha512": "sha512",
}
_RSA: Final[Mapping[str, HashAlgorithm]] = {
    f"{_MORE}rsa-sha256": SHA256(),
    f"{_MORE}rsa-sha384": SHA384(),
    f"{_MORE}rsa-sha512": SHA512(),
}
_ECDSA: Final[Mapping[str, HashAlgorithm]] = {
    f"{_MORE}ecdsa-sha256": SHA256(),
    f"{_MORE}ecdsa-sha384": SHA384(),
    f"{_MORE}ecdsa-sha512": SHA512(),
}


class BadXml(PassroleError):
    """A text that is no XML document, or one that no trusted key signed."""


def parse(text: bytes) -> minidom.Element:
    """The root of a document. Raises BadXml, also for a document type: entities may unfold without end."""
    # Zeros would be UTF-16, in which a document type looks otherwise.
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text or b"\0" in text:
        raise BadXml("a document type is not allowed")
    try:
        document = minidom.parseString(text)
    except (ExpatError, ValueError, LookupError) as error:
        raise BadXml(str(error)) from error
    if document.doctype is not None or document.documentElement is None:
        raise BadXml("a document type is not allowed")
    return document.documentElement


def children(element: minidom.Element, namespace: str, name: str) -> list[minidom.Element]:
    """The elements of that name right under another."""
    return [
        node
        for node in element.childNodes
        if isinstance(node, minidom.Element) and node.namespaceURI == namespace and node.localName == name
    ]


def child(element: minidom.Element, namespace: str, name: str) -> minidom.Element:
    """The one element of that name right under another. Raises BadXml."""
    found = children(element, namespace, name)
    if len(found) != 1:
        raise BadXml(f"{element.localName} must have one {name}")
    return found[0]


def text_of(element: minidom.Element) -> str:
    """The text of an element; comments inside do not end it."""
    parts = [node.data for node in element.childNodes if isinstance(node, minidom.Text)]
    return "".join(parts).strip()


def verify(element: minidom.Element, id_attribute: str, certificates: Iterable[x509.Certificate]) -> None:
    """Raises BadXml unless the element carries a signature over itself by the key of one certificate.

    The signature is taken out of the element, as its transform asks for.
    """
    signature = child(element, DS, "Signature")
    info = child(signature, DS, "SignedInfo")
    reference = child(info, DS, "Reference")
    if reference.getAttribute("URI") != f"#{element.getAttribute(id_attribute)}":
        raise BadXml("the signature covers something else")
    value = _base64(child(signature, DS, "SignatureValue"))
    signed_info = canonical(info, _prefixes(child(info, DS, "CanonicalizationMethod")))
    prefixes = _transforms(reference)
    digest_name = _DIGESTS.get(child(reference, DS, "DigestMethod").getAttribute("Algorithm"))
    if digest_name is None:
        raise BadXml("the digest method is not supported")
    wanted = _base64(child(reference, DS, "DigestValue"))
    element.removeChild(signature)
    found = hashlib.new(digest_name, canonical(element, prefixes)).digest()
    if not hmac.compare_digest(found, wanted):
        raise BadXml("the content was changed after it was signed")
    method = child(info, DS, "SignatureMethod").getAttribute("Algorithm")
    if not any(_signed_by(certificate, method, value, signed_info) for certificate in certificates):
        raise BadXml("no key of the provider signed it")


def _signed_by(certificate: x509.Certificate, method: str, value: bytes, signed: bytes) -> bool:
    key = certificate.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey) and method in _RSA:
            key.verify(value, signed, padding.PKCS1v15(), _RSA[method])
            return True
        if isinstance(key, ec.EllipticCurvePublicKey) and method in _ECDSA:
            half = len(value) // 2
            r, s = int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big")
            key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(_ECDSA[method]))
            return True
    except InvalidSignature:
        pass
    return False


def _transforms(reference: minidom.Element) -> frozenset[str]:
    """The prefixes to treat inclusively; the transforms must be the two of an enveloped signature."""
    prefixes: frozenset[str] = frozenset()
    for transform in children(child(reference, DS, "Transforms"), DS, "Transform"):
        algorithm = transform.getAttribute("Algorithm")
        if algorithm == _C14N:
            prefixes = _prefixes(transform)
        elif algorithm != f"{DS}enveloped-signature":
            raise BadXml("a transform is not supported")
    return prefixes


def _prefixes(method: minidom.Element) -> frozenset[str]:
    if method.getAttribute("Algorithm") != _C14N:
        raise BadXml("only exclusive canonicalization is supported")
    listed = children(method, _C14N, "InclusiveNamespaces")
    return frozenset(listed[0].getAttribute("PrefixList").split()) if listed else frozenset()


def _base64(element: minidom.Element) -> bytes:
    try:
        return base64.b64decode("".join(text_of(element).split()), validate=True)
    except (binascii.Error, ValueError):
        raise BadXml("a value is not base64") from None


def canonical(element: minidom.Element, inclusive: frozenset[str] = frozenset()) -> bytes:
    """Exclusive canonical form of an element, without comments. Raises BadXml for one of endless depth.

    inclusive are the prefixes of an InclusiveNamespaces list, whose declarations are kept as inherited.
    """
    parts: list[str] = []
    try:
        _write(element, {}, inclusive, parts)
    except RecursionError:
        raise BadXml("the document is nested too deeply") from None
    return "".join(parts).encode()


def _write(
    element: minidom.Element, rendered: Mapping[str, str], inclusive: frozenset[str], parts: list[str]
) -> None:
    attributes: list[tuple[str, str, str, str]] = []
    used = {element.prefix or ""}
    for attribute in element.attributes.values():
        if attribute.namespaceURI == _XMLNS:
            continue
        if attribute.prefix:
            used.add(attribute.prefix)
        key = (attribute.namespaceURI or "", attribute.localName or attribute.name)
        attributes.append((*key, attribute.name, attribute.value))
    declared: dict[str, str] = {}
    for prefix in used | {name if name != "#default" else "" for name in inclusive}:
        if prefix == "xml":
            continue
        uri = _in_scope(element, prefix)
        if uri is None or rendered.get(prefix, "") == uri:
            continue
        declared[prefix] = uri
    parts.append(f"<{element.tagName}")
    for prefix in sorted(declared):
        name = f"xmlns:{prefix}" if prefix else "xmlns"
        parts.append(f' {name}="{_attribute(declared[prefix])}"')
    for _, _, name, value in sorted(attributes):
        parts.append(f' {name}="{_attribute(value)}"')
    parts.append(">")
    following = {**rendered, **declared}
    for node in element.childNodes:
        if isinstance(node, minidom.Element):
            _write(node, following, inclusive, parts)
        elif isinstance(node, minidom.Text):
            parts.append(_text(node.data))
        elif isinstance(node, minidom.ProcessingInstruction):
            parts.append(f"<?{node.target}{' ' + node.data if node.data else ''}?>")
    parts.append(f"</{element.tagName}>")


def _in_scope(element: minidom.Element, prefix: str) -> str | None:
    """The namespace of a prefix at an element, None where it is not declared."""
    name = f"xmlns:{prefix}" if prefix else "xmlns"
    node: object = element
    while isinstance(node, minidom.Element):
        if node.hasAttribute(name):
            return node.getAttribute(name) or ""  # minidom has None for xmlns=""
        node = node.parentNode
    return "" if not prefix else None


def _text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")


def _attribute(text: str) -> str:
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return plain.replace("\t", "&#x9;").replace("\n", "&#xA;").replace("\r", "&#xD;")
