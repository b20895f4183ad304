"""AssumeRoleWithSAML: which responses prove what, up to the permit."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from xml.etree.ElementTree import canonicalize

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st
from tests.authorize.identity_provider import (
    ISSUER,
    IdentityProvider,
    assertion,
    encoded,
    response,
    signed,
    usual,
)
from tests.services.world import ACCOUNT, START, World

from passrole.authorize import federation, xml_signature
from passrole.authorize.call import Call, NoFacts
from passrole.passing.permit import Judging, permit
from passrole.state.secret import message_key
from passrole.values.errors import ServiceError

ROLE = f"arn:aws:iam::{ACCOUNT}:role/Web"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:saml-provider/idp"
ATTRIBUTES: Mapping[str, Sequence[str]] = {"Role": [f"{ROLE},{PROVIDER}"], "RoleSessionName": ["alice"]}


def trust(**statement: object) -> str:
    base = {
        "Effect": "Allow",
        "Principal": {"Federated": PROVIDER},
        "Action": "sts:AssumeRoleWithSAML",
        "Condition": {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [{**base, **statement}]})


def world(idp: IdentityProvider | None = None, document: str = "") -> World:
    """An account with a role Web that trusts a provider's assertions."""
    found = World()
    metadata = (idp or usual()).metadata()
    found.call("iam:CreateSAMLProvider", {"Name": "idp", "SAMLMetadataDocument": metadata})
    found.call("iam:CreateRole", {"RoleName": "Web", "AssumeRolePolicyDocument": document or trust()})
    return found


def assume(place: World, text: str, **more: object) -> Mapping[str, object]:
    """As the gateway does it: prove, judge, handle. Raises ServiceError."""
    asked: dict[str, object] = {
        "RoleArn": ROLE,
        "PrincipalArn": PROVIDER,
        "SAMLAssertion": encoded(text),
        **more,
    }
    call = Call(
        raw=place.raw(),
        body=b"",
        service="sts",
        operation="AssumeRoleWithSAML",
        protocol="query",
        input=asked,
        caller=place.caller("anonymous"),
        account="",
        region="us-east-1",
        now=place.now,
        request_id="r",
    )
    asyncio.run(federation.prepare(call, place.directory))
    call = federation.identified(call, place.directory)
    permit(call, Judging(place.directory, NoFacts(), message_key(place.directory)))
    return place.call("sts:AssumeRoleWithSAML", asked, key="anonymous")


def refusal(place: World, text: str, **more: object) -> tuple[str, str]:
    with pytest.raises(ServiceError) as caught:
        assume(place, text, **more)
    return caught.value.code, caught.value.message


def good(**changes: object) -> str:
    """A response with a signed assertion."""
    return response(signed(usual(), assertion(START, ATTRIBUTES, **changes)))  # type: ignore[arg-type] # as given


INVALID = ("InvalidIdentityToken", "Your request included an invalid SAML response.")


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_a_signed_assertion_takes_the_role(kind: str) -> None:
    idp = IdentityProvider(kind)
    place = world(idp)
    answer = assume(place, response(signed(idp, assertion(START, ATTRIBUTES))))
    assert (answer["Subject"], answer["SubjectType"]) == ("alice", "persistent")
    assert (answer["Issuer"], answer["Audience"]) == (ISSUER, "https://signin.aws.amazon.com/saml")
    credentials = answer["Credentials"]
    assert isinstance(credentials, dict)
    caller = place.caller(credentials["AccessKeyId"])
    assert caller.session is not None
    assert caller.principal.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/Web/alice"
    assert dict(caller.session.context) == {
        "saml:sub": "alice",
        "saml:sub_type": "persistent",
        "saml:namequalifier": answer["NameQualifier"],
    }


def test_a_signed_response_around_an_unsigned_assertion() -> None:
    inner = assertion(START, ATTRIBUTES)
    plain = response(inner)
    text = response(inner, placeholder=usual().signature(plain, "_r"))
    assert assume(world(), text)["Subject"] == "alice"


def test_whitespace_comments_and_escapes_do_not_break_a_signature() -> None:
    unsigned = assertion(START, {**ATTRIBUTES, "PrincipalTag:a": ["x > y & 'z' \"é\""]})
    text = response(signed(usual(), unsigned.replace("<saml:Subject>", "<saml:Subject>\n  ")))
    text = text.replace("<saml:Conditions", "<!-- not signed --><saml:Conditions")
    place = world(document=trust(Action=["sts:AssumeRoleWithSAML", "sts:TagSession"]))
    answer = assume(place, text)
    credentials = answer["Credentials"]
    assert isinstance(credentials, dict)
    session = place.caller(credentials["AccessKeyId"]).session
    assert session is not None
    assert session.tags == (("a", "x > y & 'z' \"é\""),)


def test_an_unsigned_response_proves_nothing() -> None:
    assert refusal(world(), response(assertion(START, ATTRIBUTES))) == INVALID


def test_another_providers_key_proves_nothing() -> None:
    other = IdentityProvider("ec")
    assert refusal(world(), response(signed(other, assertion(START, ATTRIBUTES)))) == INVALID


Forgery = Callable[[str, str], str]

EVIL = assertion(START, {**ATTRIBUTES, "RoleSessionName": ["admin"]}, subject="admin", id="_a")


def _wrapped_in_extensions(genuine: str, evil: str) -> str:
    return response(f"<Extensions>{genuine}</Extensions>", evil)


def _before(genuine: str, evil: str) -> str:
    return response(evil, genuine)


def _after(genuine: str, evil: str) -> str:
    return response(genuine, evil)


def _inside_the_signature(genuine: str, evil: str) -> str:
    end = "</ds:Signature>"
    signature = genuine[genuine.index("<ds:Signature") : genuine.index(end)]
    issuer = "</saml:Issuer>"
    place = evil.index(issuer) + len(issuer)
    holding = f"{signature}<ds:Object>{genuine}</ds:Object>{end}"
    return response(evil[:place] + holding + evil[place:])


def _signature_moved(genuine: str, evil: str) -> str:
    end = "</ds:Signature>"
    signature = genuine[genuine.index("<ds:Signature") : genuine.index(end) + len(end)]
    issuer = "</saml:Issuer>"
    place = evil.index(issuer) + len(issuer)
    return response(evil[:place] + signature + evil[place:], genuine.replace(signature, ""))


def _nested(genuine: str, evil: str) -> str:
    end = "</saml:Assertion>"
    return response(evil.replace(end, genuine + end))


def _inside_out(genuine: str, evil: str) -> str:
    end = "</saml:Assertion>"
    return response(genuine.replace(end, evil + end))


@pytest.mark.parametrize(
    "forgery",
    [
        _wrapped_in_extensions,
        _before,
        _after,
        _inside_the_signature,
        _signature_moved,
        _nested,
        _inside_out,
    ],
)
@pytest.mark.parametrize("id", ["_a", "_evil"])
def test_a_genuine_signature_lends_nothing_to_what_is_wrapped_around_it(forgery: Forgery, id: str) -> None:
    genuine = signed(usual(), assertion(START, ATTRIBUTES))
    assert assume(world(), response(genuine))["Subject"] == "alice"
    text = forgery(genuine, EVIL.replace('ID="_a"', f'ID="{id}"'))
    assert refusal(world(), text) == INVALID


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (">alice<", ">admin<"),
        ("role/Web", "role/Admin"),
        ("Version=", "version="),
        ("rsa-sha256", "hmac-sha256"),
        ("2001/04/xmldsig-more#rsa-sha256", "2000/09/xmldsig#rsa-sha1"),
        ("2001/04/xmlenc#sha256", "2000/09/xmldsig#sha1"),
        ('URI="#_a"', 'URI=""'),
        ('URI="#_a"', 'URI="#_r"'),
        ("2001/10/xml-exc-c14n#", "TR/2001/REC-xml-c14n-20010315"),
        ("2000/09/xmldsig#enveloped-signature", "TR/1999/REC-xslt-19991116"),
        ("<ds:Reference ", "<ds:Other/><ds:Reference "),
        ("<ds:SignatureValue>", "<ds:SignatureValue>AAAA"),
        ("<ds:SignatureValue>", "<ds:SignatureValue>*"),
        ("</saml:Assertion>", "<saml:Advice/></saml:Assertion>"),
    ],
)
def test_every_change_shows(old: str, new: str) -> None:
    text = good()
    assert old in text
    assert refusal(world(), text.replace(old, new)) == INVALID


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "<a/>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        response(),
        "<Response/>",
        "<a>" * 5000 + "</a>" * 5000,
        '<?xml version="1.0" encoding="no-such"?><a/>',
    ],
    ids=lambda text: text[:20],
)
def test_what_is_no_response(text: str) -> None:
    assert refusal(world(), text, SAMLAssertion=encoded(text) or "Kg==")[0] == "InvalidIdentityToken"


def test_entities_are_not_unfolded_in_any_encoding() -> None:
    text = "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"
    for data in (text.encode(), text.encode("utf-16"), text.encode("utf-16-be")):
        with pytest.raises(xml_signature.BadXml):
            xml_signature.parse(data)


def test_depth_without_end() -> None:
    deep = assertion(START, ATTRIBUTES).replace(
        "</saml:Assertion>", "<b>" * 5000 + "</b>" * 5000 + "</saml:Assertion>"
    )
    issuer = "</saml:Issuer>"
    place = deep.index(issuer) + len(issuer)
    signature = usual().signature("<a/>", "_a")
    assert refusal(world(), response(deep[:place] + signature + deep[place:])) == INVALID


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"issued": timedelta(minutes=-6)}, "ExpiredTokenException"),
        ({"issued": timedelta(minutes=6)}, "ExpiredTokenException"),
        ({"lasts": timedelta(seconds=-1)}, "ExpiredTokenException"),
        ({"begins": timedelta(minutes=6)}, "ExpiredTokenException"),
        ({"audience": "https://other.example"}, "InvalidIdentityToken"),
        ({"recipient": "https://other.example/saml"}, "InvalidIdentityToken"),
        ({"recipient": "http://us-east-1.signin.aws.amazon.com/saml"}, "InvalidIdentityToken"),
    ],
    ids=str,
)
def test_conditions_that_do_not_hold(changes: Mapping[str, object], code: str) -> None:
    assert refusal(world(), good(**changes))[0] == code


def test_regional_sign_in_addresses_hold() -> None:
    place = "https://eu-west-1.signin.aws.amazon.com/saml"
    found = world(document=trust(Condition={"StringEquals": {"SAML:aud": place}}))
    assert assume(found, good(recipient=place))["Audience"] == place


def test_the_assertion_must_name_role_provider_and_session() -> None:
    def says(**attributes: Sequence[str]) -> str:
        return response(signed(usual(), assertion(START, {**ATTRIBUTES, **attributes})))

    assert refusal(world(), says(Role=[f"{ROLE}2,{PROVIDER}"]))[0] == "IDPRejectedClaim"
    assert refusal(world(), says(Role=[ROLE]))[0] == "IDPRejectedClaim"
    assert refusal(world(), says(RoleSessionName=[]))[0] == "InvalidIdentityToken"
    assert refusal(world(), says(RoleSessionName=["a", "b"]))[0] == "InvalidIdentityToken"
    # Either order of the two ARNs, and other roles beside it.
    assert (
        assume(world(), says(Role=["arn:aws:iam::1:role/x,y", f"{PROVIDER}, {ROLE}"]))["Subject"] == "alice"
    )


def test_the_shorter_duration_counts() -> None:
    def lasts(seconds: Sequence[str], **more: object) -> timedelta:
        place = world()
        place.call("iam:UpdateRole", {"RoleName": "Web", "MaxSessionDuration": 43200})
        text = response(signed(usual(), assertion(START, {**ATTRIBUTES, "SessionDuration": seconds})))
        credentials = assume(place, text, **more)["Credentials"]
        assert isinstance(credentials, dict)
        found = credentials["Expiration"] - place.now
        assert isinstance(found, timedelta)
        return found

    assert lasts(["7200"]) == timedelta(hours=2)
    assert lasts(["7200"], DurationSeconds=3600) == timedelta(hours=1)
    assert lasts(["1800"], DurationSeconds=3600) == timedelta(minutes=30)
    assert lasts([], DurationSeconds=10800) == timedelta(hours=3)


def test_providers_that_are_not_there() -> None:
    for arn in (f"{PROVIDER}2", "arn:aws:iam::222233334444:saml-provider/idp", "x" * 20):
        code, message = refusal(world(), good(), PrincipalArn=arn)
        assert (code, message) == ("InvalidIdentityToken", "Specified provider doesn't exist")


def test_the_trust_policy_decides_in_the_end() -> None:
    refused = ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML")
    conditions = (
        {"StringEquals": {"SAML:sub": "bob"}},
        {"StringEquals": {"SAML:iss": "https://other.example"}},
        {"StringEquals": {"SAML:doc": f"{ACCOUNT}/other"}},
    )
    for condition in conditions:
        assert refusal(world(document=trust(Condition=condition)), good()) == refused
    held = {
        "StringEquals": {
            "SAML:sub": "alice",
            "SAML:sub_type": "persistent",
            "SAML:iss": ISSUER,
            "SAML:doc": f"{ACCOUNT}/idp",
            "sts:RoleSessionName": "alice",
            "aws:FederatedProvider": PROVIDER,
        }
    }
    assert assume(world(document=trust(Condition=held)), good())["Subject"] == "alice"


def test_tags_and_source_identity_need_their_own_permission() -> None:
    attributes = {
        **ATTRIBUTES,
        "PrincipalTag:team": ["red"],
        "TransitiveTagKeys": ["team"],
        "SourceIdentity": ["Alice"],
    }
    text = response(signed(usual(), assertion(START, attributes)))
    assert refusal(world(), text)[1] == "Not authorized to perform sts:TagSession"
    actions = ["sts:AssumeRoleWithSAML", "sts:TagSession", "sts:SetSourceIdentity"]
    place = world(document=trust(Action=actions))
    answer = assume(place, text)
    assert answer["SourceIdentity"] == "Alice"
    credentials = answer["Credentials"]
    assert isinstance(credentials, dict)
    session = place.caller(credentials["AccessKeyId"]).session
    assert session is not None
    assert (session.tags, session.transitive) == ((("team", "red"),), ("team",))


def test_a_provider_that_requires_encryption_takes_no_plain_assertion() -> None:
    place = world()
    place.call(
        "iam:UpdateSAMLProvider",
        {
            "SAMLProviderArn": PROVIDER,
            "AssertionEncryptionMode": "Required",
            "AddPrivateKey": usual_private_key(),
        },
    )
    assert refusal(place, good())[0] == "InvalidIdentityToken"


def usual_private_key() -> str:
    return usual().key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


_NAMES = st.sampled_from(["a", "b", "p:a", "q:b", "p:c"])
_TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=("Cs", "Cc")), max_size=5
)


@st.composite
def documents(draw: st.DrawFn, depth: int = 3) -> str:
    """Elements with namespaces declared and declared again, attributes in any order, text and comments."""
    name = draw(_NAMES)
    # Never one namespace by two prefixes: Python's form takes either.
    declared = {
        prefix: draw(st.sampled_from([f"urn:{prefix}:1", f"urn:{prefix}:2"]))
        for prefix in ("p", "q")
        if depth == 3 or draw(st.booleans())
    }
    parts = [f' xmlns:{prefix}="{uri}"' for prefix, uri in declared.items()]
    if draw(st.booleans()):
        default = draw(st.sampled_from(["urn:1", "urn:2"]))
        parts.append(f' xmlns="{default}"')
    for attribute in draw(st.lists(st.sampled_from(["z", "y", "p:x", "q:w"]), unique=True, max_size=3)):
        parts.append(f' {attribute}="{_escaped(draw(_TEXT))}"')
    inside = ""
    if depth:
        inside = "".join(
            draw(
                st.lists(
                    st.one_of(
                        documents(depth=depth - 1),
                        _TEXT.map(_escaped),
                        st.just("<!-- c -->"),
                        st.just("<![CDATA[x<y]]>"),
                        st.just("<?pi data?>"),
                    ),
                    max_size=3,
                )
            )
        )
    return f"<{name}{''.join(parts)}>{inside}</{name}>"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


@given(documents())
def test_canonical_forms_agree_with_python(text: str) -> None:
    """Same form as Canonical XML 2.0 with its defaults, which agrees with exclusive canonicalization."""
    assert xml_signature.canonical(xml_signature.parse(text.encode())).decode() == canonicalize(text)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        # No namespace at all is said where another one was in force.
        ('<a xmlns="urn:1"><b xmlns=""><c/></b></a>', '<a xmlns="urn:1"><b xmlns=""><c></c></b></a>'),
        # Attributes by namespace, then name; those without one first.
        (
            '<a xmlns:z="urn:1" xmlns:y="urn:2" y:b="1" z:c="2" z:a="3" d="4"/>',
            '<a xmlns:y="urn:2" xmlns:z="urn:1" d="4" z:a="3" z:c="2" y:b="1"></a>',
        ),
        # A declaration stands where its prefix is first used, not where it was made.
        (
            '<a xmlns:p="urn:1"><p:b/><p:c/></a>',
            '<a><p:b xmlns:p="urn:1"></p:b><p:c xmlns:p="urn:1"></p:c></a>',
        ),
        ('<a b="&#10;&#9;&lt;&quot;">&#13;&gt;<!-- x --></a>', '<a b="&#xA;&#x9;&lt;&quot;">&#xD;&gt;</a>'),
        ('<a xml:lang="en"/>', '<a xml:lang="en"></a>'),
    ],
)
def test_canonical_forms(text: str, form: str) -> None:
    """By the rules of W3C, "Exclusive XML Canonicalization 1.0"."""
    assert xml_signature.canonical(xml_signature.parse(text.encode())).decode() == form


def test_listed_prefixes_are_kept_where_they_stand() -> None:
    text = b'<a xmlns:p="urn:1" xmlns="urn:2"><b p="p:x"/></a>'
    found = xml_signature.canonical(xml_signature.parse(text), frozenset(("p", "#default")))
    assert found == b'<a xmlns="urn:2" xmlns:p="urn:1"><b p="p:x"></b></a>'
