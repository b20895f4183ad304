"""What botocore would never send, and what it does not look at: broken input, and bytes as they are."""

from __future__ import annotations

import gzip
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from passrole.values.errors import ServiceError
from passrole.wire import cbor, models
from passrole.wire.protocols import encode_request, joined, read, write
from passrole.wire.request import RawRequest

REQUEST_ID: Final = "11111111-2222-4333-8444-555555555555"


def post(
    body: bytes | str, path: str = "/", query: str = "", method: str = "POST", **headers: str
) -> RawRequest:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return RawRequest(method, path, query, named, body.encode() if isinstance(body, str) else body)


def refusal(service: str, operation: str, protocol: str, raw: RawRequest) -> tuple[str, str]:
    with pytest.raises(ServiceError) as caught:
        read(service, operation, protocol, raw)
    assert caught.value.status == 400
    return caught.value.code, caught.value.message


# --- Forms ------------------------------------------------------------------------------------


def form(body: str, query: str = "", operation: str = "CreateRole") -> dict[str, object]:
    return read("iam", operation, "query", post(body, query=query))


def test_the_first_of_a_repeated_parameter_wins_and_the_query_comes_first() -> None:
    assert form("RoleName=a&RoleName=b") == {"RoleName": "a"}
    assert form("RoleName=a", query="RoleName=b") == {"RoleName": "b"}


def test_unknown_parameters_are_passed_over() -> None:
    assert form("Action=CreateRole&Version=2010-05-08&Foo=1&RoleName=a&Tags.foo=1&&=") == {
        "RoleName": "a",
        "Tags": [],
    }


def test_a_list_is_in_the_order_of_its_numbers_and_may_have_gaps() -> None:
    body = "&".join(f"Tags.member.{n}.Key=k{n}" for n in (10, 2, 7))
    assert form(body) == {"Tags": [{"Key": "k2"}, {"Key": "k7"}, {"Key": "k10"}]}


def test_a_list_may_be_empty() -> None:
    assert form("Tags=") == {"Tags": []}


def test_rds_takes_a_list_by_either_name() -> None:
    for name in ("VpcSecurityGroupId", "member"):
        raw = post(f"VpcSecurityGroupIds.{name}.1=sg-1")
        assert read("rds", "ModifyDBInstance", "query", raw) == {"VpcSecurityGroupIds": ["sg-1"]}


def test_numbers_are_read_as_aws_reads_them() -> None:
    for text, number in (("3600", 3600), ("%2B03600", 3600), ("-1", -1)):
        assert form(f"MaxSessionDuration={text}") == {"MaxSessionDuration": number}
    for text in ("x", "1.5", "", "1e3", "0x10", "2147483648", "٣", "9" * 100):
        raw = post(f"MaxSessionDuration={text}")
        assert refusal("iam", "CreateRole", "query", raw) == ("MalformedInput", "")


def test_what_is_no_list_and_no_structure_is_refused() -> None:
    assert refusal("iam", "CreateRole", "query", post("Tags=x")) == (
        "MalformedInput",
        "Unexpected list element termination",
    )
    assert refusal("iam", "CreateRole", "query", post("Tags.member.1=x")) == (
        "MalformedInput",
        "Unexpected complex element termination",
    )


def test_a_parameter_may_be_a_value_and_a_branch() -> None:
    assert form("RoleName.x=1&RoleName=a") == {"RoleName": "a"}
    assert form("RoleName=a&RoleName.x=1") == {"RoleName": "a"}
    assert form("RoleName.x=1") == {}


def test_bytes_that_are_no_utf8_are_refused() -> None:
    assert refusal("iam", "CreateRole", "query", post("RoleName=%FF")) == ("MalformedInput", "")


def test_ec2_names_the_parameter_whose_value_it_does_not_like() -> None:
    raw = post("MinCount=one&MaxCount=1")
    assert refusal("ec2", "RunInstances", "ec2", raw) == (
        "InvalidParameterValue",
        "Value (one) for parameter MinCount is invalid.",
    )


def test_ec2s_lists_have_numbers_alone() -> None:
    raw = post("Filter.1.Name=a&Filter.1.Value.1=b&Filter.1.Value.2=c&InstanceId.1=i-1&DryRun=True")
    assert read("ec2", "DescribeInstances", "ec2", raw) == {
        "Filters": [{"Name": "a", "Values": ["b", "c"]}],
        "InstanceIds": ["i-1"],
        "DryRun": True,
    }


# --- json -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "message"),
    [
        # Observed: answers of Athena and DynamoDB.
        ('{"queryExecutionId":1}', None),
        ('{"QueryExecutionId":1}', "NUMBER_VALUE can not be converted to a String"),
        ('{"QueryExecutionId":true}', "TRUE_VALUE can not be converted to a String"),
        ('{"QueryExecutionId":["x"]}', "Start of list found where not expected"),
        ('{"QueryExecutionId":{"a":1}}', "Start of structure or map found where not expected."),
        ('{"QueryExecutionId":"x","MaxResults":"1"}', "STRING_VALUE can not be converted to an Integer"),
        ('{"QueryExecutionId":"x","MaxResults":false}', "FALSE_VALUE can not be converted to an Integer"),
        ('{"QueryExecutionId":"x","MaxResults":1.9}', None),
        ('{"QueryExecutionId":"x","MaxResults":99999999999}', ""),
        ("[]", "Start of list found where not expected"),
        ("", ""),
        ("null", ""),
        ('"x"', ""),
        ("{", ""),
        ('{"QueryExecutionId":"x",}', ""),
        ('{"QueryExecutionId":"x"} {}', ""),
        ('{"QueryExecutionId":"\\ud800"}', ""),
        ('{"QueryExecutionId":null,"Other":{"a":[1]}}', None),
    ],
)
def test_json_that_cannot_be_read(body: str, message: str | None) -> None:
    raw = post(body)
    if message is None:
        read("athena", "GetQueryResults", "json", raw)
    else:
        assert refusal("athena", "GetQueryResults", "json", raw) == ("SerializationException", message)


def test_json_lists_and_structures() -> None:
    def problem(body: str) -> str:
        return refusal("athena", "StartQueryExecution", "json", post(body))[1]

    assert problem('{"ExecutionParameters":"x"}') == "Expected list or null"
    assert problem('{"ExecutionParameters":{}}') == "Start of structure or map found where not expected."
    assert problem('{"ExecutionParameters":[["a"]]}') == "Start of list found where not expected"
    assert problem('{"ResultConfiguration":1}') == "Expected null"
    assert problem('{"ResultConfiguration":[]}') == "Start of list found where not expected"
    raw = post('{"ExecutionParameters":["a",null],"ResultConfiguration":{"OutputLocation":null}}')
    assert read("athena", "StartQueryExecution", "json", raw) == {
        "ExecutionParameters": ["a"],
        "ResultConfiguration": {},
    }


def test_a_decimal_for_a_whole_number_is_cut_off() -> None:
    raw = post('{"QueryExecutionId":"x","MaxResults":1.9}')
    assert read("athena", "GetQueryResults", "json", raw)["MaxResults"] == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("23456", "Base64 encoded length is expected a multiple of 4 bytes but found: 5"),
        ("=+/=", "Invalid Base64 character: '='"),
    ],
)
def test_a_blob_is_base64(text: str, message: str) -> None:
    body = f'{{"TableName":"t","Item":{{"a":{{"B":"{text}"}}}}}}'
    assert refusal("dynamodb", "PutItem", "json", post(body))[1] == (
        f"'{text}' can not be converted to a Blob: {message}"
    )


def test_nesting_has_an_end() -> None:
    body = '{"TableName":"t","Item":{"a":' + '{"L":[' * 900 + '{"S":"x"}' + "]}" * 900 + "}}"
    assert refusal("dynamodb", "PutItem", "json", post(body))[0] == "SerializationException"


@pytest.mark.parametrize("text", ["1767323045", "1767323045.0", '"2026-01-02T03:04:05Z"', '"1767323045"'])
def test_a_time_may_come_in_several_forms(text: str) -> None:
    raw = post(f'{{"StartTime":{text}}}')
    assert read("cloudtrail", "LookupEvents", "json", raw) == {
        "StartTime": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    }
    assert (
        refusal("cloudtrail", "LookupEvents", "json", post('{"StartTime":1e300}'))[0]
        == "SerializationException"
    )


# --- rest -------------------------------------------------------------------------------------


def test_s3_names_the_argument_that_is_no_number() -> None:
    raw = post("", "/bucket", "list-type=2&max-keys=many", "GET")
    with pytest.raises(ServiceError) as caught:
        read("s3", "ListObjectsV2", "rest-xml", raw)
    assert (caught.value.code, caught.value.fields["ArgumentName"]) == ("InvalidArgument", "max-keys")


def test_the_bucket_may_come_from_the_host() -> None:
    raw = post("", "/a/b%2Fc", "", "GET", x_amz_expected_bucket_owner="111122223333")
    assert read("s3", "GetObject", "rest-xml", raw, path="/bucket/a/b%2Fc") == {
        "Bucket": "bucket",
        "Key": "a/b/c",
        "ExpectedBucketOwner": "111122223333",
    }


def test_user_metadata_is_utf8() -> None:
    raw = post(b"x", "/b/k", "", "PUT", x_amz_meta_name="caf\xc3\xa9", content_type="text/plain")
    assert read("s3", "PutObject", "rest-xml", raw) == {
        "Bucket": "b",
        "Key": "k",
        "Metadata": {"name": "café"},
        "ContentType": "text/plain",
        "Body": b"x",
    }


@pytest.mark.parametrize(
    "body",
    [
        "not xml",
        "<a>",
        '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        "<a/>\x00",
        "<?xml version='1.0' encoding='no-such-encoding'?><a/>",
        "<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet>",
    ],
)
def test_xml_that_cannot_be_read(body: str) -> None:
    raw = post(body, "/b", "tagging", "PUT")
    assert refusal("s3", "PutBucketTagging", "rest-xml", raw)[0] == "MalformedXML"


def test_xml_is_read_whatever_its_namespace() -> None:
    tag = "<x:Tag><x:Key>k</x:Key><x:Value/></x:Tag>"
    body = f"<x:Tagging xmlns:x='urn:a'><x:TagSet>{tag}</x:TagSet></x:Tagging>"
    raw = post(body, "/b", "tagging", "PUT")
    assert read("s3", "PutBucketTagging", "rest-xml", raw) == {
        "Bucket": "b",
        "Tagging": {"TagSet": [{"Key": "k", "Value": ""}]},
    }


def test_a_list_in_a_header_may_hold_commas_in_quotes() -> None:
    raw = post("", "/b/k", "attributes", "GET", x_amz_object_attributes='ETag, "a,b","say \\"x\\""')
    found = read("s3", "GetObjectAttributes", "rest-xml", raw)
    assert found["ObjectAttributes"] == ["ETag", "a,b", 'say "x"']


# --- rpc-v2-cbor ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("00", 0),
        ("1bffffffffffffffff", 2**64 - 1),
        ("3903e7", -1000),
        ("f93c00", 1.0),
        ("fa47c35000", 100000.0),
        ("fb3ff199999999999a", 1.1),
        ("f4", False),
        ("f6", None),
        ("f7", None),
        ("5f42010243030405ff", b"\x01\x02\x03\x04\x05"),
        ("7f657374726561646d696e67ff", "streaming"),
        ("9f018202039f0405ffff", [1, [2, 3], [4, 5]]),
        ("bf61610161629f0203ffff", {"a": 1, "b": [2, 3]}),
        ("c11a514b67b0", datetime(2013, 3, 21, 20, 4, tzinfo=UTC)),
        ("c1fb41d452d9ec200000", datetime(2013, 3, 21, 20, 4, 0, 500000, tzinfo=UTC)),
    ],
)
def test_cbor_is_read_as_rfc_8949_shows(data: str, value: object) -> None:
    # RFC 8949, Appendix A, "Examples of Encoded Data Items".
    assert cbor.decode(bytes.fromhex(data)) == value


@pytest.mark.parametrize(
    "data",
    [
        "",
        "18",
        "1c",
        "0000",
        "61",
        "61ff",
        "5f6161ff",
        "9a7fffffff",
        "bf01",
        "c2420100",
        "c16161",
        "f818",
        "ff",
        "a18001",
    ],
)
def test_cbor_that_cannot_be_read(data: str) -> None:
    raw = post(bytes.fromhex(data))
    if not data:
        assert read("codebuild", "BatchGetBuilds", "smithy-rpc-v2-cbor", raw) == {}
        return
    code, _ = refusal("codebuild", "BatchGetBuilds", "smithy-rpc-v2-cbor", raw)
    assert code == "SerializationException"


VALUES: Final = st.recursive(
    st.one_of(st.text(st.characters(exclude_categories=["Cs"])), st.booleans(), st.integers(-(2**63), 2**63)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text("abc", max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_cbor_comes_back(value: Any) -> None:
    assert cbor.decode(cbor.encode(value)) == value


# --- Whatever comes ---------------------------------------------------------------------------

WAYS: Final = [
    ("iam", "CreateRole", "query"),
    ("ec2", "RunInstances", "ec2"),
    ("dynamodb", "PutItem", "json"),
    ("lambda", "CreateFunction", "rest-json"),
    ("s3", "PutBucketAcl", "rest-xml"),
    ("cloudwatch", "PutMetricData", "smithy-rpc-v2-cbor"),
]


@pytest.mark.parametrize(("service", "operation", "protocol"), WAYS)
@settings(max_examples=150, deadline=None)
@given(
    body=st.one_of(
        st.binary(max_size=60),
        st.text('{}[]":,.=&%<>/ab01TagsKeymemberItem', max_size=80).map(str.encode),
        VALUES.map(cbor.encode),
    ),
    query=st.text("ab=&%+./?", max_size=20),
)
@example(body=b"%", query="%&%=%")
def test_bytes_from_anywhere_are_read_or_refused(
    service: str, operation: str, protocol: str, body: bytes, query: str
) -> None:
    found: dict[str, object] = {}
    status = 400
    try:
        found = read(service, operation, protocol, post(body, "/b", query))
    except ServiceError as error:
        status = error.status
    assert status == 400
    shape = models.service(service).operation(operation).input
    assert shape is not None
    assert found.keys() <= shape.members.keys()


# --- gzip -------------------------------------------------------------------------------------


def test_an_operation_that_may_be_compressed_is() -> None:
    raw = post(gzip.compress(b"Namespace=a", mtime=0), content_encoding="gzip")
    assert read("cloudwatch", "PutMetricData", "query", raw) == {"Namespace": "a"}


@pytest.mark.parametrize(
    "body",
    [b"no gzip", gzip.compress(b"a" * 20_000_000, mtime=0), gzip.compress(b"abc", mtime=0)[:-3]],
    ids=["no gzip", "too much", "cut"],
)
def test_what_is_no_gzip_or_far_too_much_is_refused(body: bytes) -> None:
    raw = post(body, content_encoding="gzip")
    assert refusal("cloudwatch", "PutMetricData", "query", raw) == ("MalformedInput", "")


def test_an_object_that_is_compressed_stays_so() -> None:
    data = gzip.compress(b"abc", mtime=0)
    raw = post(data, "/b/k", "", "PUT", content_encoding="gzip")
    assert read("s3", "PutObject", "rest-xml", raw)["Body"] == data


# --- Bytes on the way out ---------------------------------------------------------------------


def test_iams_answer_is_awss_to_the_letter() -> None:
    document = '{"Version":"2012-10-17"}'
    output = {
        "Role": {
            "Path": "/a&b/",
            "RoleName": "App",
            "RoleId": "AROA",
            "Arn": "arn:aws:iam::111122223333:role/App",
            "CreateDate": datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC),
            "AssumeRolePolicyDocument": quote(document, safe=""),
            "MaxSessionDuration": 3600,
            "Tags": [],
            "NotInTheModel": "x",
        }
    }
    response = write("iam", "GetRole", "query", output, REQUEST_ID)
    assert response.status == 200
    assert response.headers == (("Content-Type", "text/xml"), ("x-amzn-RequestId", REQUEST_ID))
    assert response.body.decode() == (
        '<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetRoleResult><Role>'
        "<Path>/a&amp;b/</Path><RoleName>App</RoleName><RoleId>AROA</RoleId>"
        "<Arn>arn:aws:iam::111122223333:role/App</Arn><CreateDate>2026-01-02T03:04:05Z</CreateDate>"
        "<AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%7D</AssumeRolePolicyDocument>"
        "<MaxSessionDuration>3600</MaxSessionDuration><Tags/></Role></GetRoleResult>"
        f"<ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata></GetRoleResponse>"
    )


def test_an_operation_without_output_has_no_result() -> None:
    assert write("iam", "DeleteRole", "query", {}, REQUEST_ID).body.decode() == (
        '<DeleteRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
        f"<ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata></DeleteRoleResponse>"
    )


def test_ec2s_answer_has_its_id_in_front_and_prints_milliseconds() -> None:
    output = {"Vpcs": [{"VpcId": "vpc-1", "IsDefault": False}]}
    assert write("ec2", "DescribeVpcs", "ec2", output, REQUEST_ID).body.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
        f"<requestId>{REQUEST_ID}</requestId><vpcSet><item>"
        "<isDefault>false</isDefault><vpcId>vpc-1</vpcId></item></vpcSet></DescribeVpcsResponse>"
    )
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    described = {"Reservations": [{"Instances": [{"LaunchTime": at}]}]}
    body = write("ec2", "DescribeInstances", "ec2", described, REQUEST_ID).body
    assert b"<launchTime>2026-01-02T03:04:05.000Z</launchTime>" in body
    assert b"<return>true</return>" in write("ec2", "CreateTags", "ec2", {}, REQUEST_ID).body


def test_json_answers() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 250_000, tzinfo=UTC)
    output = {"Events": [{"EventId": "e", "EventTime": at, "Username": None}]}
    response = write("cloudtrail", "LookupEvents", "json", output, REQUEST_ID)
    assert response.body == b'{"Events":[{"EventId":"e","EventTime":1767323045.25}]}'
    assert ("Content-Type", "application/x-amz-json-1.1") in response.headers
    assert write("cloudtrail", "LookupEvents", "json", {}, REQUEST_ID).body == b"{}"
    assert write("logs", "CreateLogGroup", "json", {}, REQUEST_ID).body == b""


def test_rest_answers_put_members_where_the_model_has_them() -> None:
    output = {
        "Body": b"data",
        "ContentType": "text/plain",
        "LastModified": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "Metadata": {"a": "b\r\nSet-Cookie: c"},
        "DeleteMarker": False,
    }
    response = write("s3", "GetObject", "rest-xml", output, REQUEST_ID)
    headers = dict(response.headers)
    assert response.body == b"data"
    assert headers["Content-Type"] == "text/plain"
    assert headers["Last-Modified"] == "Fri, 02 Jan 2026 03:04:05 GMT"
    assert headers["x-amz-delete-marker"] == "false"
    assert headers["x-amz-meta-a"] == "b  Set-Cookie: c"
    assert headers["x-amz-request-id"] == REQUEST_ID

    created = write("lambda", "CreateFunction", "rest-json", {"FunctionName": "f"}, REQUEST_ID)
    assert (created.status, created.body) == (201, b'{"FunctionName":"f"}')
    deleted = write("s3", "DeleteObject", "rest-xml", {}, REQUEST_ID)
    assert (deleted.status, deleted.body) == (204, b"")
    head = write("s3", "HeadObject", "rest-xml", {"ContentLength": 5}, REQUEST_ID)
    assert (head.body, dict(head.headers)["Content-Length"]) == (b"", "5")


def test_a_body_may_be_a_stream() -> None:
    response = write("s3", "GetObject", "rest-xml", {"Body": iter([b"a", b"b"])}, REQUEST_ID)
    assert response.body == b""
    assert joined(response) == b"ab"


# --- Requests of our own ----------------------------------------------------------------------


def test_a_request_of_ours_says_each_thing_once() -> None:
    raw = encode_request("iam", "GetRole", {"RoleName": "a&Action=x", "Unknown": "y"}, "127.0.0.1")
    assert raw.body == b"Action=GetRole&Version=2010-05-08&RoleName=a%26Action%3Dx"
    assert raw.header("host") == "127.0.0.1"


def test_a_request_of_ours_to_a_rest_service() -> None:
    raw = encode_request(
        "s3",
        "PutObject",
        {"Bucket": "b", "Key": "a/b c", "Body": b"x", "Metadata": {"k": "v"}, "ContentLength": 1},
        "127.0.0.1",
    )
    assert (raw.method, raw.path, raw.body) == ("PUT", "/b/a/b%20c", b"x")
    assert dict(raw.headers)["x-amz-meta-k"] == "v"
    assert [value for name, value in raw.headers if name == "content-length"] == ["1"]
    with pytest.raises(KeyError):
        encode_request("s3", "GetObject", {"Bucket": "b"}, "127.0.0.1")


def test_a_json_value_in_a_header_is_base64() -> None:
    raw = encode_request(
        "lex-runtime",
        "PostContent",
        {
            "botName": "b",
            "botAlias": "a",
            "userId": "u",
            "contentType": "text/plain",
            "inputStream": b"x",
            "sessionAttributes": {"a": 1},
        },
        "127.0.0.1",
    )
    assert dict(raw.headers)["x-amz-lex-session-attributes"] == b64encode(b'{"a":1}').decode()
