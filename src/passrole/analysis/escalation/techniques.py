"""The ways in which rights are gained, as data: which actions each needs, and under which name it is known.

Names and sources: Rhino Security Labs, "AWS IAM Privilege Escalation - Methods and Mitigation" (S. Gietzen,
2018 and later); Bishop Fox, "IAM Vulnerable" (its scenarios' names); NCC Group, "Principal Mapper" (its
edges).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

RHINO: Final = "Rhino Security Labs, AWS IAM Privilege Escalation"
BISHOP: Final = "Bishop Fox, IAM Vulnerable"
PMAPPER: Final = "NCC Group, Principal Mapper"

Target = Literal["role", "user", "group", "policy"]


@dataclass(frozen=True, slots=True)
class Known:
    """The name under which a way is publicly known, and who published it."""

    name: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Technique:
    """One way from a principal to the rights of another.

    actions are all needed, on what target is. when says what must be there beside the rights, in words.
    """

    id: str
    actions: tuple[str, ...]
    text: str  # what is done, with {target}
    known: Known | None = None
    target: Target = "role"
    when: str = ""


# --- Passing a role ---------------------------------------------------------------------------

# Publicly known ways that begin with iam:PassRole, by the operation that takes the role.
KNOWN_PASSES: Final[Mapping[str, Known]] = {
    "ec2:RunInstances": Known("CreateEC2WithExistingIP", (RHINO, BISHOP, PMAPPER)),
    "ec2:AssociateIamInstanceProfile": Known("AssociateIamInstanceProfile", (PMAPPER,)),
    "lambda:CreateFunction": Known("PassExistingRoleToNewLambdaThenInvoke", (RHINO, BISHOP, PMAPPER)),
    "lambda:UpdateFunctionConfiguration": Known("PassExistingRoleToExistingLambda", (PMAPPER,)),
    "glue:CreateDevEndpoint": Known("PassExistingRoleToNewGlueDevEndpoint", (RHINO, BISHOP)),
    "glue:CreateJob": Known("PassExistingRoleToNewGlueJob", (RHINO,)),
    "glue:UpdateJob": Known("PassExistingRoleToExistingGlueJob", (RHINO,)),
    "cloudformation:CreateStack": Known("PassExistingRoleToCloudFormation", (RHINO, BISHOP, PMAPPER)),
    "cloudformation:UpdateStack": Known("CloudFormationUpdateStack", (BISHOP, PMAPPER)),
    "cloudformation:CreateChangeSet": Known("CloudFormationCreateChangeSet", (PMAPPER,)),
    "datapipeline:PutPipelineDefinition": Known("PassExistingRoleToNewDataPipeline", (RHINO, BISHOP)),
    "codebuild:CreateProject": Known("CodeBuildCreateProjectPassRole", (RHINO, BISHOP, PMAPPER)),
    "codebuild:UpdateProject": Known("CodeBuildUpdateProjectPassRole", (PMAPPER,)),
    "sagemaker:CreateNotebookInstance": Known("SageMakerCreateNotebookPassRole", (RHINO, BISHOP, PMAPPER)),
    "sagemaker:CreateTrainingJob": Known("SageMakerCreateTrainingJobPassRole", (RHINO, BISHOP, PMAPPER)),
    "sagemaker:CreateProcessingJob": Known("SageMakerCreateProcessingJobPassRole", (RHINO, BISHOP, PMAPPER)),
    "ecs:RegisterTaskDefinition": Known("PassExistingRoleToNewECSTask", (RHINO,)),
    "autoscaling:CreateLaunchConfiguration": Known("PassExistingRoleToAutoScaling", (PMAPPER,)),
    "autoscaling:CreateAutoScalingGroup": Known("PassExistingRoleToAutoScaling", (PMAPPER,)),
}

# What makes the service act once it has the role: one of these beside the operation that takes the role. Who
# may do none of them has to wait for somebody else to. After an operation that is not here the service acts
# by itself, or at the next occasion.
TRIGGERS: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "lambda:CreateFunction": (
        ("lambda:InvokeFunction",),
        ("lambda:CreateEventSourceMapping",),
        ("lambda:AddPermission",),
        ("lambda:CreateFunctionUrlConfig",),
        ("events:PutRule", "events:PutTargets"),
    ),
    "glue:CreateJob": (("glue:StartJobRun",), ("glue:CreateTrigger",)),
    "glue:UpdateJob": (("glue:StartJobRun",), ("glue:CreateTrigger",)),
    "datapipeline:PutPipelineDefinition": (("datapipeline:CreatePipeline", "datapipeline:ActivatePipeline"),),
    "codebuild:CreateProject": (("codebuild:StartBuild",), ("codebuild:StartBuildBatch",)),
    "codebuild:UpdateProject": (("codebuild:StartBuild",), ("codebuild:StartBuildBatch",)),
    "sagemaker:CreateNotebookInstance": (("sagemaker:CreatePresignedNotebookInstanceUrl",),),
    "ecs:RegisterTaskDefinition": (
        ("ecs:RunTask",),
        ("ecs:StartTask",),
        ("ecs:CreateService",),
        ("ecs:UpdateService",),
    ),
    "stepfunctions:CreateStateMachine": (("states:StartExecution",), ("states:StartSyncExecution",)),
    "stepfunctions:UpdateStateMachine": (("states:StartExecution",), ("states:StartSyncExecution",)),
    "cloudformation:CreateChangeSet": (("cloudformation:ExecuteChangeSet",),),
    "ec2:CreateLaunchTemplate": (("ec2:RunInstances",), ("autoscaling:CreateAutoScalingGroup",)),
    "ec2:CreateLaunchTemplateVersion": (("ec2:RunInstances",), ("autoscaling:UpdateAutoScalingGroup",)),
    "autoscaling:CreateLaunchConfiguration": (("autoscaling:CreateAutoScalingGroup",),),
    "batch:RegisterJobDefinition": (("batch:SubmitJob",),),
}

# Services that do with a role what their caller says: they run its code, hand it the role's credentials or
# make any call that it describes. Others use a role for their own purposes alone.
# Source: the services' Developer Guides, on what their service roles are for.
AT_WILL: Final = frozenset(
    (
        "apigateway.amazonaws.com",
        "apprunner.amazonaws.com",
        "appsync.amazonaws.com",
        "batch.amazonaws.com",
        "bedrock-agentcore.amazonaws.com",
        "braket.amazonaws.com",
        "cloudformation.amazonaws.com",
        "codebuild.amazonaws.com",
        "codepipeline.amazonaws.com",
        "cognito-identity.amazonaws.com",
        "credentials.iot.amazonaws.com",
        "datapipeline.amazonaws.com",
        "ec2.amazonaws.com",
        "ecs-tasks.amazonaws.com",
        "elasticbeanstalk.amazonaws.com",
        "elasticmapreduce.amazonaws.com",
        "emr-containers.amazonaws.com",
        "emr-serverless.amazonaws.com",
        "fis.amazonaws.com",
        "gamelift.amazonaws.com",
        "glue.amazonaws.com",
        "imagebuilder.amazonaws.com",
        "kinesisanalytics.amazonaws.com",
        "lambda.amazonaws.com",
        "omics.amazonaws.com",
        "pods.eks.amazonaws.com",
        "proton.amazonaws.com",
        "rolesanywhere.amazonaws.com",
        "sagemaker.amazonaws.com",
        "scheduler.amazonaws.com",
        "servicecatalog.amazonaws.com",
        "ssm.amazonaws.com",
        "states.amazonaws.com",
        "synthetics.amazonaws.com",
        "airflow.amazonaws.com",
    )
)

# Operations that take a role for such a service and give its caller no hold on the role all the same: they
# read, remove, or pass it to a part of the service that acts on its own.
NOT_AT_WILL: Final = frozenset(
    (
        "cloudcontrol:GetResource",
        "cloudcontrol:ListResources",
        "cloudformation:DeleteStack",
        "cloudformation:ContinueUpdateRollback",
        "cloudformation:RollbackStack",
        "ec2:EnableFastLaunch",
        "eks:CreateAccessEntry",
        "lambda:CreateCapacityProvider",
        "lambda-core:CreateNetworkConnector",
        "lambda-core:UpdateNetworkConnector",
        "securitylake:CreateDataLake",
        "securitylake:UpdateDataLake",
        "securitylake:CreateCustomLogSource",
        "machinelearning:CreateDataSourceFromRDS",
    )
)

# An instance gets its role through a profile, and these must find an instance that is there.
NEEDS_PROFILE: Final = "an instance profile holds the role, or one can be made to"
NEEDS_TRIGGER: Final = "something else makes the service act"
NEEDS_INSTANCE: Final = "an instance has that profile, or one can be started with it"


# --- Acting through what holds a role ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Holder:
    """Something that holds a role and lets its caller act with it, without passing the role anew.

    Any of ways is enough, all actions of it are needed, on the resource that holds the role. kind is what the
    resource is called; services are the principals that its roles trust.
    """

    id: str
    kind: str
    services: tuple[str, ...]
    ways: tuple[tuple[str, ...], ...]
    text: str
    known: Known | None = None


HOLDERS: Final = (
    Holder(
        "function-code",
        "function",
        ("lambda.amazonaws.com",),
        (("lambda:UpdateFunctionCode",),),
        "put code into a function that holds {target}",
        Known("EditExistingLambdaFunctionWithRole", (RHINO, BISHOP, PMAPPER)),
    ),
    Holder(
        "function-layer",
        "function",
        ("lambda.amazonaws.com",),
        (("lambda:UpdateFunctionConfiguration",),),
        "put a layer into a function that holds {target}",
        Known("EditExistingLambdaFunctionWithLayer", (RHINO,)),
    ),
    Holder(
        "stack-update",
        "stack",
        ("cloudformation.amazonaws.com",),
        (
            ("cloudformation:UpdateStack",),
            ("cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet"),
        ),
        "change a stack that keeps {target}",
        Known("CloudFormationUpdateStack", (BISHOP, PMAPPER)),
    ),
    Holder(
        "dev-endpoint",
        "dev endpoint",
        ("glue.amazonaws.com",),
        (("glue:UpdateDevEndpoint",),),
        "put a key of one's own into a Glue development endpoint that holds {target}",
        Known("UpdateExistingGlueDevEndpoint", (RHINO, BISHOP)),
    ),
    Holder(
        "instance-command",
        "instance",
        ("ec2.amazonaws.com",),
        (("ssm:SendCommand",), ("ssm:StartSession",)),
        "run commands on an instance that holds {target}",
        Known("ssmSendCommand", (BISHOP, PMAPPER)),
    ),
    Holder(
        "instance-connect",
        "instance",
        ("ec2.amazonaws.com",),
        (("ec2-instance-connect:SendSSHPublicKey",),),
        "log in to an instance that holds {target}",
        Known("EC2InstanceConnect", (BISHOP,)),
    ),
    Holder(
        "instance-user-data",
        "instance",
        ("ec2.amazonaws.com",),
        (("ec2:ModifyInstanceAttribute", "ec2:StopInstances", "ec2:StartInstances"),),
        "change the user data of an instance that holds {target}",
        Known("ModifyInstanceUserData", (RHINO,)),
    ),
    Holder(
        "notebook-url",
        "notebook",
        ("sagemaker.amazonaws.com",),
        (("sagemaker:CreatePresignedNotebookInstanceUrl",),),
        "open a notebook that holds {target}",
        Known("SageMakerCreatePresignedNotebookURL", (RHINO, BISHOP)),
    ),
    Holder(
        "build-override",
        "build project",
        ("codebuild.amazonaws.com",),
        (("codebuild:StartBuild",), ("codebuild:StartBuildBatch",)),
        "start a build of one's own in a project that holds {target}",
        Known("CodeBuildStartBuild", (PMAPPER,)),
    ),
    Holder(
        "task-exec",
        "task",
        ("ecs-tasks.amazonaws.com",),
        (("ecs:ExecuteCommand",),),
        "run commands in a task that holds {target}",
    ),
)


# --- IAM itself -------------------------------------------------------------------------------

ASSUME: Final = Technique(
    "assume-role", ("sts:AssumeRole",), "assume {target}", Known("AssumeRole", (BISHOP, PMAPPER)), "role"
)
CHANGE_TRUST: Final = Technique(
    "change-trust",
    ("iam:UpdateAssumeRolePolicy",),
    "let {target} trust the caller, and assume it",
    Known("UpdatingAssumeRolePolicy", (RHINO, BISHOP, PMAPPER)),
    "role",
)

# Credentials of another user.
CREDENTIALS: Final = (
    Technique(
        "access-key",
        ("iam:CreateAccessKey",),
        "make an access key of {target}",
        Known("CreateAccessKey", (RHINO, BISHOP, PMAPPER)),
        "user",
    ),
    Technique(
        "login-profile",
        ("iam:CreateLoginProfile",),
        "give {target} a password",
        Known("CreateLoginProfile", (RHINO, BISHOP, PMAPPER)),
        "user",
        when="the user has no password yet",
    ),
    Technique(
        "password",
        ("iam:UpdateLoginProfile",),
        "change the password of {target}",
        Known("UpdateLoginProfile", (RHINO, BISHOP, PMAPPER)),
        "user",
        when="the user has a password",
    ),
)

JOIN: Final = Technique(
    "join-group",
    ("iam:AddUserToGroup",),
    "join {target}",
    Known("AddUserToGroup", (RHINO, BISHOP)),
    "group",
)

# Policies that grant anything, written into what an identity has them from.
SELF_GRANTS: Final = (
    Technique(
        "put-user-policy",
        ("iam:PutUserPolicy",),
        "write any right into {target}",
        Known("PutUserPolicy", (RHINO, BISHOP)),
        "user",
    ),
    Technique(
        "attach-user-policy",
        ("iam:AttachUserPolicy",),
        "attach a policy that allows everything to {target}",
        Known("AttachUserPolicy", (RHINO, BISHOP)),
        "user",
    ),
    Technique(
        "put-group-policy",
        ("iam:PutGroupPolicy",),
        "write any right into {target}",
        Known("PutGroupPolicy", (RHINO, BISHOP)),
        "group",
    ),
    Technique(
        "attach-group-policy",
        ("iam:AttachGroupPolicy",),
        "attach a policy that allows everything to {target}",
        Known("AttachGroupPolicy", (RHINO, BISHOP)),
        "group",
    ),
    Technique(
        "put-role-policy",
        ("iam:PutRolePolicy",),
        "write any right into {target}",
        Known("PutRolePolicy", (RHINO, BISHOP)),
        "role",
    ),
    Technique(
        "attach-role-policy",
        ("iam:AttachRolePolicy",),
        "attach a policy that allows everything to {target}",
        Known("AttachRolePolicy", (RHINO, BISHOP)),
        "role",
    ),
    Technique(
        "policy-version",
        ("iam:CreatePolicyVersion",),
        "make a new default version of {target}",
        Known("CreateNewPolicyVersion", (RHINO, BISHOP)),
        "policy",
    ),
)

# An older version of a policy grants what it holds.
OLDER_VERSION: Final = Technique(
    "default-version",
    ("iam:SetDefaultPolicyVersion",),
    "go back to an older version of {target}",
    Known("SetExistingDefaultPolicyVersion", (RHINO, BISHOP)),
    "policy",
)
