"""How what holds roles is listed, as data: an operation of each kind, and where its output tells the roles.

Source: the services' API References.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Detail:
    """An operation that tells more of what a list has.

    given are input members with the member of the row that each is filled from, "" for the row itself where
    the list has names alone; path leads to what is told.
    """

    operation: str
    given: tuple[tuple[str, str], ...]
    path: Path = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """An operation that lists resources, and where their roles are told.

    path leads to the resources, its list members taken apart; name and roles are members of one, or of its
    detail. form makes an ARN of the name where it is none. What holds an instance profile tells that
    (profiles). A resource counts unless a member has one of some values.
    """

    kind: str  # as Holder.kind
    service: str
    operation: str
    path: Path
    name: str
    roles: tuple[Path, ...]
    form: str = "{name}"
    given: tuple[tuple[str, object], ...] = ()
    token: str = "NextToken"
    out: str = ""
    detail: Detail | None = None
    profiles: bool = False
    unless: tuple[Path, tuple[object, ...]] = ((), ())


_GONE: Final = ("terminated", "shutting-down")
_CUSTOM: Final = (("type", "CUSTOM"),)

# Members and pages' tokens as the services' API References name them.
LISTINGS: Final = (
    Listing(
        "function",
        "lambda",
        "ListFunctions",
        ("Functions",),
        "FunctionArn",
        (("Role",),),
        token="Marker",
        out="NextMarker",
    ),
    Listing("stack", "cloudformation", "DescribeStacks", ("Stacks",), "StackId", (("RoleARN",),)),
    Listing(
        "dev endpoint",
        "glue",
        "GetDevEndpoints",
        ("DevEndpoints",),
        "EndpointName",
        (("RoleArn",),),
        "arn:{partition}:glue:{region}:{account}:devEndpoint/{name}",
    ),
    Listing(
        "Glue session",
        "glue",
        "ListSessions",
        ("Sessions",),
        "Id",
        (("Role",),),
        "arn:{partition}:glue:{region}:{account}:session/{name}",
        unless=(("Status",), ("STOPPED", "STOPPING", "FAILED", "TIMEOUT")),
    ),
    Listing(
        "instance",
        "ec2",
        "DescribeInstances",
        ("Reservations", "Instances"),
        "InstanceId",
        (("IamInstanceProfile", "Arn"),),
        "arn:{partition}:ec2:{region}:{account}:instance/{name}",
        profiles=True,
        unless=(("State", "Name"), _GONE),
    ),
    Listing(
        "launch template",
        "ec2",
        "DescribeLaunchTemplates",
        ("LaunchTemplates",),
        "LaunchTemplateId",
        (
            ("LaunchTemplateVersions", "LaunchTemplateData", "IamInstanceProfile", "Arn"),
            ("LaunchTemplateVersions", "LaunchTemplateData", "IamInstanceProfile", "Name"),
        ),
        "arn:{partition}:ec2:{region}:{account}:launch-template/{name}",
        detail=Detail("DescribeLaunchTemplateVersions", (("LaunchTemplateId", "LaunchTemplateId"),)),
        profiles=True,
    ),
    Listing(
        "EMR cluster",
        "emr",
        "ListClusters",
        ("Clusters",),
        "ClusterArn",
        (("Ec2InstanceAttributes", "IamInstanceProfile"),),
        given=(("ClusterStates", ["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING"]),),
        token="Marker",
        detail=Detail("DescribeCluster", (("ClusterId", "Id"),), ("Cluster",)),
        profiles=True,
    ),
    Listing(
        "notebook",
        "sagemaker",
        "ListNotebookInstances",
        ("NotebookInstances",),
        "NotebookInstanceArn",
        (("RoleArn",),),
        detail=Detail("DescribeNotebookInstance", (("NotebookInstanceName", "NotebookInstanceName"),)),
    ),
    Listing(
        "Studio user profile",
        "sagemaker",
        "ListUserProfiles",
        ("UserProfiles",),
        "UserProfileArn",
        (("UserSettings", "ExecutionRole"),),
        detail=Detail(
            "DescribeUserProfile", (("DomainId", "DomainId"), ("UserProfileName", "UserProfileName"))
        ),
    ),
    Listing(
        "job definition",
        "batch",
        "DescribeJobDefinitions",
        ("jobDefinitions",),
        "jobDefinitionArn",
        (
            ("containerProperties", "jobRoleArn"),
            ("ecsProperties", "taskProperties", "taskRoleArn"),
        ),
        given=(("status", "ACTIVE"),),
        token="nextToken",
    ),
    Listing(
        "App Runner service",
        "apprunner",
        "ListServices",
        ("ServiceSummaryList",),
        "ServiceArn",
        (("InstanceConfiguration", "InstanceRoleArn"),),
        detail=Detail("DescribeService", (("ServiceArn", "ServiceArn"),), ("Service",)),
    ),
    Listing(
        "code interpreter",
        "bedrock-agentcore-control",
        "ListCodeInterpreters",
        ("codeInterpreterSummaries",),
        "codeInterpreterArn",
        (("executionRoleArn",),),
        given=_CUSTOM,
        token="nextToken",
        detail=Detail("GetCodeInterpreter", (("codeInterpreterId", "codeInterpreterId"),)),
    ),
    Listing(
        "browser",
        "bedrock-agentcore-control",
        "ListBrowsers",
        ("browserSummaries",),
        "browserArn",
        (("executionRoleArn",),),
        given=_CUSTOM,
        token="nextToken",
        detail=Detail("GetBrowser", (("browserId", "browserId"),)),
    ),
    Listing(
        "agent runtime",
        "bedrock-agentcore-control",
        "ListAgentRuntimes",
        ("agentRuntimes",),
        "agentRuntimeArn",
        (("roleArn",),),
        token="nextToken",
        detail=Detail("GetAgentRuntime", (("agentRuntimeId", "agentRuntimeId"),)),
    ),
    Listing(
        "state machine",
        "stepfunctions",
        "ListStateMachines",
        ("stateMachines",),
        "stateMachineArn",
        (("roleArn",),),
        token="nextToken",
        detail=Detail("DescribeStateMachine", (("stateMachineArn", "stateMachineArn"),)),
    ),
    Listing(
        "canary",
        "synthetics",
        "DescribeCanaries",
        ("Canaries",),
        "Name",
        (("ExecutionRoleArn",),),
        "arn:{partition}:synthetics:{region}:{account}:canary:{name}",
    ),
    Listing(
        "Amplify app",
        "amplify",
        "ListApps",
        ("apps",),
        "appArn",
        (("iamServiceRoleArn",), ("computeRoleArn",)),
        token="nextToken",
    ),
    Listing(
        "Airflow environment",
        "mwaa",
        "ListEnvironments",
        ("Environments",),
        "Arn",
        (("ExecutionRoleArn",),),
        detail=Detail("GetEnvironment", (("Name", ""),), ("Environment",)),
    ),
    Listing(
        "fleet",
        "gamelift",
        "DescribeFleetAttributes",
        ("FleetAttributes",),
        "FleetArn",
        (("InstanceRoleArn",),),
    ),
    Listing(
        "Roles Anywhere profile",
        "rolesanywhere",
        "ListProfiles",
        ("profiles",),
        "profileArn",
        (("roleArns",),),
        token="nextToken",
    ),
)
