"""Things that hold roles and let others act with them, as data: what it takes, and how they are listed.

No role is passed anew: whoever may change or enter the thing has its role. Sources: the services' Developer
Guides and API References; names and sources of what is publicly known as in techniques.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from passrole.analysis.escalation.role_uses import NEEDS_TRIGGER
from passrole.analysis.escalation.techniques import (
    BISHOP,
    CLOUDSPLAINING,
    HACKING,
    PMAPPER,
    PROWLER,
    RHINO,
    Known,
    pathfinding,
)


@dataclass(frozen=True, slots=True)
class Doing:
    """Actions that are all needed: on the thing that holds the role, and beside it on anything."""

    on: tuple[str, ...]
    beside: tuple[str, ...] = ()

    @property
    def actions(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.on, *self.beside)


@dataclass(frozen=True, slots=True)
class Holder:
    """Something that holds a role and lets its caller act with it, without passing the role anew.

    Any of ways is enough. kind is what the thing is called; services are the principals that its roles trust.
    triggers make it act then, any of them; who may do none waits for something else (when). () is a thing
    that acts by what is done to it, or that is there to be called, as a function is.
    """

    id: str
    kind: str
    services: tuple[str, ...]
    ways: tuple[Doing, ...]
    text: str
    known: Known | None = None
    triggers: tuple[Doing, ...] = ()
    when: str = NEEDS_TRIGGER


_LAMBDA: Final = ("lambda.amazonaws.com",)
_EC2: Final = ("ec2.amazonaws.com",)
_AGENTCORE: Final = ("bedrock-agentcore.amazonaws.com",)
_SAGEMAKER: Final = ("sagemaker.amazonaws.com",)

HOLDERS: Final = (
    Holder(
        "function-code",
        "function",
        _LAMBDA,
        (Doing(("lambda:UpdateFunctionCode",)),),
        "put code into a function that holds {target}",
        Known(
            "EditExistingLambdaFunctionWithRole",
            (RHINO, BISHOP, PMAPPER, HACKING, *pathfinding("lambda-003", "lambda-004", "lambda-005")),
        ),
    ),
    Holder(
        "function-layer",
        "function",
        _LAMBDA,
        (Doing(("lambda:UpdateFunctionConfiguration",)),),
        "put a layer into a function that holds {target}",
        Known("EditExistingLambdaFunctionWithLayer", (RHINO, HACKING)),
    ),
    Holder(
        "stack-update",
        "stack",
        ("cloudformation.amazonaws.com",),
        (
            Doing(("cloudformation:UpdateStack",)),
            Doing(("cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet")),
        ),
        "change a stack that keeps {target}",
        Known(
            "CloudFormationUpdateStack",
            (BISHOP, PMAPPER, *pathfinding("cloudformation-002", "cloudformation-005")),
        ),
    ),
    Holder(
        "dev-endpoint",
        "dev endpoint",
        ("glue.amazonaws.com",),
        (Doing(("glue:UpdateDevEndpoint",)),),
        "put a key of one's own into a Glue development endpoint that holds {target}",
        Known("UpdateExistingGlueDevEndpoint", (RHINO, BISHOP, HACKING, *pathfinding("glue-002"))),
    ),
    Holder(
        "glue-session",
        "Glue session",
        ("glue.amazonaws.com",),
        (Doing(("glue:RunStatement",)),),
        "run a statement in a Glue session that holds {target}",
    ),
    Holder(
        "instance-command",
        "instance",
        _EC2,
        (Doing(("ssm:SendCommand",)), Doing(("ssm:StartSession",)), Doing(("ssm:CreateAssociation",))),
        "run commands on an instance that holds {target}",
        Known("ssmSendCommand", (BISHOP, PMAPPER, *pathfinding("ssm-001", "ssm-002"))),
    ),
    Holder(
        "instance-connect",
        "instance",
        _EC2,
        (
            Doing(("ec2-instance-connect:SendSSHPublicKey",)),
            Doing(("ec2-instance-connect:SendSerialConsoleSSHPublicKey",)),
        ),
        "log in to an instance that holds {target}",
        Known("EC2InstanceConnect", (BISHOP, *pathfinding("ec2-003"))),
    ),
    Holder(
        "instance-user-data",
        "instance",
        _EC2,
        (Doing(("ec2:ModifyInstanceAttribute", "ec2:StopInstances", "ec2:StartInstances")),),
        "change the user data of an instance that holds {target}",
        Known("ModifyInstanceUserData", (RHINO, HACKING, *pathfinding("ec2-002"))),
    ),
    Holder(
        "launch-template",
        "launch template",
        _EC2,
        (Doing(("ec2:CreateLaunchTemplateVersion", "ec2:ModifyLaunchTemplate")),),
        "change a launch template that starts instances with {target}",
        Known("ModifyExistingEC2LaunchTemplate", (CLOUDSPLAINING, PROWLER, *pathfinding("ec2-005"))),
    ),
    Holder(
        "deployment",
        "deployment group",
        _EC2,
        (
            Doing(
                ("codedeploy:CreateDeployment",),
                ("codedeploy:RegisterApplicationRevision", "codedeploy:GetDeploymentConfig"),
            ),
        ),
        "deploy a revision of one's own to instances that hold {target}",
        Known("CodeDeployCreateDeployment", (PROWLER, *pathfinding("codedeploy-001"))),
    ),
    Holder(
        "cluster-step",
        "EMR cluster",
        _EC2,
        (Doing(("elasticmapreduce:AddJobFlowSteps",)),),
        "run a step on an EMR cluster whose instances hold {target}",
    ),
    Holder(
        "notebook-url",
        "notebook",
        _SAGEMAKER,
        (Doing(("sagemaker:CreatePresignedNotebookInstanceUrl",)),),
        "open a notebook that holds {target}",
        Known("SageMakerCreatePresignedNotebookURL", (RHINO, BISHOP, *pathfinding("sagemaker-004"))),
    ),
    Holder(
        "notebook-lifecycle",
        "notebook",
        _SAGEMAKER,
        tuple(
            Doing(
                (
                    "sagemaker:UpdateNotebookInstance",
                    "sagemaker:StopNotebookInstance",
                    "sagemaker:StartNotebookInstance",
                ),
                (beside,),
            )
            for beside in (
                "sagemaker:CreateNotebookInstanceLifecycleConfig",
                "sagemaker:UpdateNotebookInstanceLifecycleConfig",
            )
        ),
        "start a notebook that holds {target} with a script of one's own",
        Known("SageMakerNotebookLifecycleConfig", (CLOUDSPLAINING, PROWLER, *pathfinding("sagemaker-005"))),
    ),
    Holder(
        "studio-url",
        "Studio user profile",
        _SAGEMAKER,
        (Doing(("sagemaker:CreatePresignedDomainUrl",)),),
        "open SageMaker Studio as a user profile that holds {target}",
    ),
    Holder(
        "build-override",
        "build project",
        ("codebuild.amazonaws.com",),
        (Doing(("codebuild:StartBuild",)), Doing(("codebuild:StartBuildBatch",))),
        "start a build of one's own in a project that holds {target}",
        Known(
            "CodeBuildStartBuild",
            (PMAPPER, PROWLER, *pathfinding("codebuild-002", "codebuild-003")),
        ),
    ),
    Holder(
        "build-project",
        "build project",
        ("codebuild.amazonaws.com",),
        (Doing(("codebuild:UpdateProject",)),),
        "change what a build project that holds {target} runs",
        None,
        (Doing(("codebuild:StartBuild",)), Doing(("codebuild:StartBuildBatch",))),
    ),
    Holder(
        "task-exec",
        "task",
        ("ecs-tasks.amazonaws.com",),
        (Doing(("ecs:ExecuteCommand",)),),
        "run commands in a task that holds {target}",
        Known("ECSExecuteCommandOnRunningTask", (CLOUDSPLAINING, PROWLER, *pathfinding("ecs-006"))),
    ),
    Holder(
        "batch-job",
        "job definition",
        ("ecs-tasks.amazonaws.com",),
        (Doing(("batch:SubmitJob",)),),
        "submit a job with a command of one's own by a job definition that holds {target}",
        Known("BatchSubmitJob", (PROWLER, *pathfinding("batch-002"))),
    ),
    Holder(
        "service-update",
        "App Runner service",
        ("tasks.apprunner.amazonaws.com",),
        (Doing(("apprunner:UpdateService",)),),
        "put an image of one's own into an App Runner service that holds {target}",
        Known("AppRunnerUpdateService", (PROWLER, *pathfinding("apprunner-002"))),
    ),
    Holder(
        "code-interpreter",
        "code interpreter",
        _AGENTCORE,
        (
            Doing(
                ("bedrock-agentcore:StartCodeInterpreterSession", "bedrock-agentcore:InvokeCodeInterpreter")
            ),
        ),
        "run code in a code interpreter that holds {target}",
        Known(
            "AccessExistingBedrockCodeInterpreterSession",
            (CLOUDSPLAINING, PROWLER, *pathfinding("bedrock-002")),
        ),
    ),
    Holder(
        "agent-command",
        "agent runtime",
        _AGENTCORE,
        (Doing(("bedrock-agentcore:InvokeAgentRuntimeCommand",)),),
        "run commands in an agent runtime that holds {target}",
        Known("AgentCoreInvokeRuntimeCommand", (PROWLER, *pathfinding("bedrock-004"))),
    ),
    Holder(
        "browser-session",
        "browser",
        _AGENTCORE,
        (
            Doing(
                ("bedrock-agentcore:StartBrowserSession", "bedrock-agentcore:ConnectBrowserAutomationStream")
            ),
        ),
        "drive a browser that holds {target}",
        Known("AgentCoreBrowserSessionConnect", (PROWLER, *pathfinding("bedrock-007"))),
    ),
    Holder(
        "state-machine",
        "state machine",
        ("states.amazonaws.com",),
        (Doing(("states:UpdateStateMachine",)),),
        "change a state machine that holds {target}",
        Known("StepFunctionsUpdateStateMachine+StartExecution", (PROWLER, *pathfinding("stepfunctions-002"))),
        (Doing(("states:StartExecution",)), Doing(("states:StartSyncExecution",))),
    ),
    Holder(
        "canary-code",
        "canary",
        _LAMBDA,
        (Doing(("synthetics:UpdateCanary",)),),
        "put code into a canary that holds {target}",
    ),
    Holder(
        "amplify-build",
        "Amplify app",
        ("amplify.amazonaws.com",),
        (Doing(("amplify:UpdateApp",)), Doing(("amplify:UpdateBranch",))),
        "build an Amplify app that holds {target} by a build specification of one's own",
        None,
        (Doing((), ("amplify:StartJob",)),),
    ),
    Holder(
        "workflow-code",
        "Airflow environment",
        ("airflow.amazonaws.com", "airflow-env.amazonaws.com"),
        (Doing(("airflow:UpdateEnvironment",)),),
        "run workflows of one's own in an Airflow environment that holds {target}",
    ),
    Holder(
        "fleet-access",
        "fleet",
        ("gamelift.amazonaws.com",),
        (Doing(("gamelift:GetComputeAccess",)), Doing(("gamelift:GetInstanceAccess",))),
        "log in to an instance of a fleet that holds {target}",
    ),
    Holder(
        "trust-anchor",
        "Roles Anywhere profile",
        ("rolesanywhere.amazonaws.com",),
        (
            Doing((), ("rolesanywhere:CreateTrustAnchor",)),
            Doing((), ("rolesanywhere:UpdateTrustAnchor",)),
        ),
        "let IAM Roles Anywhere trust certificates of one's own for a profile that holds {target}",
    ),
    Holder(
        "cluster-access",
        "EKS cluster",
        ("pods.eks.amazonaws.com",),
        (Doing(("eks:CreateAccessEntry", "eks:AssociateAccessPolicy")),),
        "administer an EKS cluster whose pods hold {target}",
    ),
)
