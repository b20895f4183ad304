from __future__ import annotations

from typing import Final

import pytest

from passrole.wire.request import RawRequest
from passrole.wire.route import Route, route

HERE: Final = "127.0.0.1:4747"


def raw(
    method: str = "POST",
    path: str = "/",
    query: str = "",
    *,
    scope: str = "",
    host: str = HERE,
    body: str = "",
    presigned: bool = False,
    **headers: str,
) -> RawRequest:
    named = [("host", host), *((name.replace("_", "-"), value) for name, value in headers.items())]
    credential = f"AKIDEXAMPLE/20260102/eu-west-1/{scope}/aws4_request"
    if presigned:
        signing = f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential.replace('/', '%2F')}"
        query = f"{query}&{signing}" if query else signing
    elif scope:
        value = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"
        named.append(("authorization", value))
    return RawRequest(method, path, query, tuple(named), body.encode())


def where(found: Route) -> str:
    return f"{found.service}:{found.operation}:{found.protocol}"


FORM: Final = "application/x-www-form-urlencoded; charset=utf-8"


@pytest.mark.parametrize(
    ("request_", "wanted"),
    [
        # query and ec2
        (raw(scope="iam", body="Action=GetRole&Version=2010-05-08&RoleName=r"), "iam:GetRole:query"),
        (raw("GET", query="Action=GetUser&Version=2010-05-08", scope="iam"), "iam:GetUser:query"),
        (
            raw("GET", query="Action=GetCallerIdentity&Version=2011-06-15", scope="sts", presigned=True),
            "sts:GetCallerIdentity:query",
        ),
        (raw(scope="ec2", body="Version=2016-11-15&Action=RunInstances"), "ec2:RunInstances:ec2"),
        (
            raw(scope="elasticloadbalancing", body="Action=DescribeLoadBalancers&Version=2012-06-01"),
            "elb:DescribeLoadBalancers:query",
        ),
        (
            raw(scope="elasticloadbalancing", body="Action=DescribeLoadBalancers&Version=2015-12-01"),
            "elbv2:DescribeLoadBalancers:query",
        ),
        (raw(scope="rds", body="Action=CreateDBInstance&Version=2014-10-31"), "rds:CreateDBInstance:query"),
        (
            raw(scope="ses", body="Action=SendEmail&Version=2010-12-01", content_type=FORM),
            "ses:SendEmail:query",
        ),
        (raw(scope="ses", path="/v2/email/outbound-emails", body="{}"), "sesv2:SendEmail:rest-json"),
        (
            raw(scope="monitoring", body="Action=PutMetricData&Version=2010-08-01"),
            "cloudwatch:PutMetricData:query",
        ),
        # A service that has left query for json still answers it.
        (raw(scope="sqs", body="Action=SendMessage&Version=2012-11-05"), "sqs:SendMessage:query"),
        # Nobody signs these.
        (
            raw(body="Action=AssumeRoleWithWebIdentity&Version=2011-06-15", content_type=FORM),
            "sts:AssumeRoleWithWebIdentity:query",
        ),
        (
            raw("GET", query="Action=AssumeRoleWithSAML&Version=2011-06-15"),
            "sts:AssumeRoleWithSAML:query",
        ),
        # The version says where it was sent, whoever it was signed for: the scope is then wrong.
        (raw(scope="iam", body="Action=GetCallerIdentity&Version=2011-06-15"), "sts:GetCallerIdentity:query"),
        # json
        (raw(scope="dynamodb", x_amz_target="DynamoDB_20120810.GetItem"), "dynamodb:GetItem:json"),
        (
            raw(scope="dynamodb", x_amz_target="DynamoDBStreams_20120810.ListStreams"),
            "dynamodbstreams:ListStreams:json",
        ),
        (
            raw(
                scope="cloudtrail",
                x_amz_target="com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents",
            ),
            "cloudtrail:LookupEvents:json",
        ),
        (
            raw(scope="monitoring", x_amz_target="GraniteServiceVersion20100801.PutMetricData"),
            "cloudwatch:PutMetricData:json",
        ),
        (raw(x_amz_target="AWSCognitoIdentityService.GetId"), "cognito-identity:GetId:json"),
        (
            raw(scope="kinesisanalytics", x_amz_target="KinesisAnalytics_20180523.CreateApplication"),
            "kinesisanalyticsv2:CreateApplication:json",
        ),
        # rpc-v2-cbor
        (
            raw(
                scope="codepipeline",
                path="/service/CodePipeline_20150709/operation/CreatePipeline",
                smithy_protocol="rpc-v2-cbor",
            ),
            "codepipeline:CreatePipeline:smithy-rpc-v2-cbor",
        ),
        # rest-json
        (raw(scope="lambda", path="/2015-03-31/functions"), "lambda:CreateFunction:rest-json"),
        (raw("GET", "/2015-03-31/functions/", scope="lambda"), "lambda:ListFunctions:rest-json"),
        (raw("GET", "/2015-03-31/functions/f", scope="lambda"), "lambda:GetFunction:rest-json"),
        (
            raw("GET", "/2015-03-31/functions/f/configuration", scope="lambda"),
            "lambda:GetFunctionConfiguration:rest-json",
        ),
        (
            raw("GET", "/2019-09-25/functions/f/event-invoke-config/list", scope="lambda"),
            "lambda:ListFunctionEventInvokeConfigs:rest-json",
        ),
        (raw("GET", "/restapis", scope="apigateway"), "apigateway:GetRestApis:rest-json"),
        (raw("GET", "/v2/apis", scope="apigateway"), "apigatewayv2:GetApis:rest-json"),
        (raw("POST", "/schedules/s", scope="scheduler"), "scheduler:CreateSchedule:rest-json"),
        (raw("POST", "/model/m/converse", scope="bedrock"), "bedrock-runtime:Converse:rest-json"),
        (raw("GET", "/foundation-models", scope="bedrock"), "bedrock:ListFoundationModels:rest-json"),
        (raw("GET", "/2015-01-01/domain", scope="es"), "es:ListDomainNames:rest-json"),
        (
            raw("GET", "/federation/credentials", "role_name=r&account_id=1", x_amz_sso_bearer_token="t"),
            "sso:GetRoleCredentials:rest-json",
        ),
        (raw("POST", "/token", body="{}"), "sso-oidc:CreateToken:rest-json"),
        # rest-xml
        (raw("POST", "/2013-04-01/hostedzone", scope="route53"), "route53:CreateHostedZone:rest-xml"),
        (
            raw("GET", "/v20180820/accesspoint/a", scope="s3", x_amz_account_id="111122223333"),
            "s3control:GetAccessPoint:rest-xml",
        ),
        (
            raw(
                "GET",
                "/v20180820/accesspoint/a",
                scope="s3",
                host="111122223333.localhost",
                x_amz_account_id="111122223333",
            ),
            "s3control:GetAccessPoint:rest-xml",
        ),
    ],
)
def test_every_kind_of_request_finds_its_operation(request_: RawRequest, wanted: str) -> None:
    found = route(request_)
    assert where(found) == wanted
    assert found.problem is None


S3: Final = [
    ("GET", "/", "", "ListBuckets"),
    ("GET", "/", "x-id=ListBuckets", "ListBuckets"),
    ("HEAD", "/b", "", "HeadBucket"),
    ("GET", "/b", "", "ListObjects"),
    ("GET", "/b/", "", "ListObjects"),
    ("GET", "/b", "list-type=2&prefix=a", "ListObjectsV2"),
    ("GET", "/b", "versions", "ListObjectVersions"),
    ("GET", "/b", "uploads", "ListMultipartUploads"),
    ("GET", "/b", "acl", "GetBucketAcl"),
    ("GET", "/b", "analytics", "ListBucketAnalyticsConfigurations"),
    ("GET", "/b", "analytics&id=1", "GetBucketAnalyticsConfiguration"),
    ("PUT", "/b", "", "CreateBucket"),
    ("PUT", "/b", "policy", "PutBucketPolicy"),
    ("PUT", "/b", "policy=", "PutBucketPolicy"),
    ("PUT", "/b", "lifecycle", "PutBucketLifecycleConfiguration"),
    ("DELETE", "/b", "", "DeleteBucket"),
    ("POST", "/b", "delete", "DeleteObjects"),
    ("GET", "/b/k", "", "GetObject"),
    ("GET", "/b/k", "x-id=GetObject", "GetObject"),
    ("GET", "/b/k/with/slashes/", "", "GetObject"),
    ("GET", "/b//k", "", "GetObject"),
    ("GET", "/b/k", "versionId=v&partNumber=1", "GetObject"),
    ("GET", "/b/k", "uploadId=u", "ListParts"),
    ("GET", "/b/k", "tagging", "GetObjectTagging"),
    ("HEAD", "/b/k", "", "HeadObject"),
    ("PUT", "/b/k", "", "PutObject"),
    ("PUT", "/b/k", "partNumber=1", "PutObject"),
    ("PUT", "/b/k", "partNumber=1&uploadId=u", "UploadPart"),
    ("PUT", "/b/k", "acl", "PutObjectAcl"),
    ("POST", "/b/k", "uploads", "CreateMultipartUpload"),
    ("POST", "/b/k", "uploadId=u", "CompleteMultipartUpload"),
    ("POST", "/b/k", "restore", "RestoreObject"),
    ("POST", "/b/k", "select&select-type=2", "SelectObjectContent"),
    ("DELETE", "/b/k", "", "DeleteObject"),
    ("DELETE", "/b/k", "uploadId=u", "AbortMultipartUpload"),
]


@pytest.mark.parametrize(("method", "path", "query", "operation"), S3)
def test_s3_tells_operations_apart_by_path_query_and_headers(
    method: str, path: str, query: str, operation: str
) -> None:
    found = route(raw(method, path, query, scope="s3"))
    assert (where(found), found.s3, found.path) == (f"s3:{operation}:rest-xml", True, path)


def test_a_copy_is_no_upload() -> None:
    copied = route(raw("PUT", "/b/k", scope="s3", x_amz_copy_source="/other/key"))
    assert copied.operation == "CopyObject"
    part = route(raw("PUT", "/b/k", "partNumber=1&uploadId=u", scope="s3", x_amz_copy_source="/other/key"))
    assert part.operation == "UploadPartCopy"


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("bucket.localhost:4747", "/bucket/k"),
        ("bucket.s3.localhost:4747", "/bucket/k"),
        ("my.dotted.bucket.localhost", "/my.dotted.bucket/k"),
        ("bucket.s3.amazonaws.com", "/bucket/k"),
        ("bucket.s3.eu-west-1.amazonaws.com", "/bucket/k"),
        ("bucket.s3-eu-west-1.amazonaws.com", "/bucket/k"),
        ("bucket.s3.dualstack.eu-west-1.amazonaws.com", "/bucket/k"),
        ("a.s3.b.s3.us-gov-east-1.amazonaws.com", "/a.s3.b/k"),
        ("s3.localhost:4747", "/k"),
        ("localhost:4747", "/k"),
        ("127.0.0.1:4747", "/k"),
        ("[::1]:4747", "/k"),
        ("s3.amazonaws.com", "/k"),
        ("s3.eu-west-1.amazonaws.com", "/k"),
    ],
)
def test_a_bucket_may_be_in_the_host(host: str, path: str) -> None:
    assert route(raw("GET", "/k", scope="s3", host=host)).path == path


def test_this_endpoint_may_have_other_names() -> None:
    request_ = raw("GET", "/k", scope="s3", host="bucket.passrole.internal:4747")
    assert route(request_).path == "/k"
    assert route(request_, hosts=("localhost", "passrole.internal")).path == "/bucket/k"


def test_anyone_may_ask_s3_without_a_signature() -> None:
    assert where(route(raw("GET", "/bucket/key"))) == "s3:GetObject:rest-xml"
    assert where(route(raw("GET", "/"))) == "s3:ListBuckets:rest-xml"


def test_an_unsigned_request_to_an_aws_host_is_for_that_service() -> None:
    found = route(raw("GET", "/2015-03-31/functions", host="lambda.eu-west-1.amazonaws.com"))
    assert where(found) == "lambda:ListFunctions:rest-json"
    assert not found.unsigned


def test_which_operations_need_no_signature_is_the_models_to_say() -> None:
    assert route(raw(body="Action=AssumeRoleWithSAML&Version=2011-06-15", content_type=FORM)).unsigned
    assert not route(raw(body="Action=AssumeRole&Version=2011-06-15", content_type=FORM)).unsigned
    assert route(raw("PUT", "/snapshots/s/blocks/1", scope="ebs")).unsigned_payload


@pytest.mark.parametrize(
    ("request_", "service", "code", "status", "message"),
    [
        (
            raw(scope="iam", body="Action=PassRole&Version=2010-05-08"),
            "iam",
            "InvalidAction",
            400,
            "Could not find operation PassRole for version 2010-05-08",
        ),
        (
            raw(scope="iam", body="Action=GetRole&Version=2000-01-01"),
            "iam",
            "InvalidAction",
            400,
            "Could not find operation GetRole for version 2000-01-01",
        ),
        (
            raw(scope="iam", body="Action=GetRole"),
            "iam",
            "InvalidAction",
            400,
            "Could not find operation GetRole for version NO_VERSION_SPECIFIED",
        ),
        (raw(scope="sts", body="Version=2011-06-15"), "sts", "MissingAction", 400, "Missing Action"),
        (
            raw(scope="ec2", body="Action=PassRole&Version=2016-11-15"),
            "ec2",
            "InvalidAction",
            400,
            "The action PassRole is not valid for this web service.",
        ),
        (
            raw(scope="dynamodb", x_amz_target="DynamoDB_20120810.Nothing"),
            "dynamodb",
            "UnknownOperationException",
            400,
            "",
        ),
        (raw(scope="ecs", x_amz_target="Nothing"), "ecs", "UnknownOperationException", 400, ""),
        (
            raw("GET", "/no/such/path", scope="lambda"),
            "lambda",
            "AccessDeniedException",
            403,
            "Unable to determine service/operation name to be authorized",
        ),
        (
            raw("PATCH", "/bucket/key", scope="s3"),
            "s3",
            "MethodNotAllowed",
            405,
            "The specified method is not allowed against this resource.",
        ),
        (
            raw("GET", "/anything", scope="no-such-service"),
            "",
            "AccessDeniedException",
            403,
            "Unable to determine service/operation name to be authorized",
        ),
        # Whoever reads the request next might take the other one.
        (
            raw(query="Action=GetUser&Version=2010-05-08", scope="iam", body="Action=CreateUser"),
            "iam",
            "MalformedQueryString",
            400,
            "The query string contains a syntax error",
        ),
        (
            raw("PUT", "/b/k", "acl&tagging", scope="s3"),
            "s3",
            "InvalidArgument",
            400,
            "Conflicting query string parameters: acl, tagging",
        ),
    ],
)
def test_what_no_model_knows_has_a_problem_for_after_the_signature(
    request_: RawRequest, service: str, code: str, status: int, message: str
) -> None:
    found = route(request_)
    assert (found.service, found.operation) == (service, "")
    assert found.problem is not None
    assert (found.problem.code, found.problem.status, found.problem.message) == (code, status, message)


def test_the_scope_must_be_what_the_service_is_signed_for() -> None:
    assert route(raw(scope="iam", body="Action=GetRole&Version=2010-05-08")).signing_name == "iam"
    assert route(raw(scope="x", x_amz_target="AWSStepFunctions.CreateStateMachine")).signing_name == "states"
    assert route(raw("GET", "/x", scope="no-such-service")).signing_name == "no-such-service"


def test_a_parameter_is_found_wherever_it_stands_and_encoded_or_not() -> None:
    found = route(raw(scope="iam", body="UserName=Action%3DX&Action=GetUser&Version=2010-05-08"))
    assert found.operation == "GetUser"
    problem = route(raw(scope="iam", body="Action=a%3Cb+c&Version=2010-05-08")).problem
    assert problem is not None
    assert problem.message == "Could not find operation a<b c for version 2010-05-08"
