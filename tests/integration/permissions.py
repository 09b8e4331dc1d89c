"""Every permission that the stack gives, with its reason: one row each, as `statements.all_of` tells it.

Whoever adds a role, a policy or a trigger writes its rows here. `*` as a resource is for X-Ray alone.
"""

TRUST = 'Allow sts:AssumeRole by {"Service": "lambda.amazonaws.com"}'
WORK = {TRUST: "the function runs by it"}

TABLE = "dynamodb:ConditionCheckItem, dynamodb:GetItem, dynamodb:BatchGetItem"
KMS = (
    "Allow kms:Decrypt on SecretsKmsKeyArn if "
    '{"StringEquals": {"kms:ViaService": {"Fn::Sub": "secretsmanager.${AWS::Region}.${AWS::URLSuffix}"}}}'
)
API = (
    "Permission lambda:InvokeFunction by apigateway.amazonaws.com from "
    "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:Api/"
)
KEY_OF_SECRETS = {"Attached SecretsKeyPolicy where HasSecretsKey": "reads a secret that the operator's key encrypts"}
COMPLETIONS = {
    "Attached CompletionsPolicy": "answers completions",
    "Attached TracingPolicy where IsTraced": "tells X-Ray what was tried",
}
ALARMS = ", ".join(
    f"{name}RolloutAlarm.Arn"
    for name in (
        *("AuthErrors", "AuthSlow", "RouteErrors", "RouteFaults", "RouteSlow"),
        *("StreamErrors", "StreamFaults", "StreamSlow"),
    )
)
ALIASES = ", ".join(f"{name}Function.Arn, ${{{name}Function.Arn}}:live" for name in ("Auth", "Route", "Stream"))
ROUTE_PATHS = (
    *("*/", "*/*", "*/api/core/*/chat/completions", "OPTIONS/*", "OPTIONS/api/core/*/chat/completions"),
    *("*/docs", "*/health", "*/openapi.json", "*/api/core/account/balance", "*/api/core/usage", "*/api/core/usage/*"),
    *(f"*/api/core/api_keys{action}" for action in ("", "/create", "/delete", "/rotate", "/update")),
)


def _log(group: str) -> dict[str, str]:
    return {f"Allow logs:CreateLogStream, logs:PutLogEvents on {group}.Arn": "writes its own log"}


PERMISSIONS: dict[str, dict[str, str]] = {
    "AuthRole": WORK
    | KEY_OF_SECRETS
    | _log("AuthLogs")
    | {
        "Allow dynamodb:GetItem on Table.Arn": "looks up one key; it sees every request, and so may do no more",
        "Allow secretsmanager:GetSecretValue on KeyPepperSecret": "hashes the key that a request brings",
    },
    "RouteRole": WORK
    | KEY_OF_SECRETS
    | COMPLETIONS
    | _log("RouteLogs")
    | {"Allow dynamodb:Query on ${Table.Arn}/index/by-account, Table.Arn": "keys of an account, and its usage"},
    "StreamRole": WORK | KEY_OF_SECRETS | COMPLETIONS | _log("StreamLogs"),
    "SweepRole": WORK
    | _log("SweepLogs")
    | {
        "Allow dynamodb:Query on ${Table.Arn}/index/open-holds": "finds what dead requests left",
        f"Allow {TABLE}, dynamodb:UpdateItem, dynamodb:DeleteItem on Table.Arn": "settles it; adds no row",
    },
    "ExportRole": WORK
    | _log("ExportLogs")
    | {
        "Allow dynamodb:DescribeStream, dynamodb:GetRecords, dynamodb:GetShardIterator, dynamodb:ListStreams "
        "on Table.StreamArn": "Lambda reads the stream for it; it reads no table",
        "Allow s3:PutObject on ${UsageBucket.Arn}/usage/*": "writes files, whose names are days and batches",
        "Allow sqs:SendMessage on ExportFailures.Arn": "tells what it gave up",
    },
    "InspectRole": WORK
    | KEY_OF_SECRETS
    | _log("InspectLogs")
    | {
        "Allow dynamodb:Scan, dynamodb:GetItem, dynamodb:BatchGetItem on Table.Arn": "looks for accounts, and at each",
        "Allow dynamodb:Query on ${Table.Arn}/index/by-account, Table.Arn": "keys of an account, its rows and days",
        "Allow secretsmanager:GetSecretValue on ProviderKeysSecret": "asks providers which models they have",
    },
    "RolloutRole": WORK
    | KEY_OF_SECRETS
    | _log("RolloutLogs")
    | {
        "Allow codedeploy:PutLifecycleEventHookExecutionStatus on arn:${AWS::Partition}:codedeploy:${AWS::Region}:"
        "${AWS::AccountId}:deploymentgroup:${ServerlessDeploymentApplication}/*": "tells CodeDeploy what it found; the "
        "names of this application's groups would be a circle",
        "Allow dynamodb:GetItem, dynamodb:PutItem, dynamodb:UpdateItem on Table.Arn": "makes a key to ask with",
        "Allow lambda:InvokeFunction on AuthFunctionVersion, RouteFunctionVersion, StreamFunctionVersion": "tries the "
        "new versions before they get requests",
        "Allow secretsmanager:GetSecretValue on KeyPepperSecret, ProviderKeysSecret": "hashes its key; is there a "
        "provider's key to try",
    },
    "DeployRole": {
        'Allow sts:AssumeRole by {"Service": "codedeploy.amazonaws.com"}': "CodeDeploy moves requests by it",
        f"Allow cloudwatch:DescribeAlarms on {ALARMS}": "takes a rollout back when one of them rings",
        f"Allow lambda:GetAlias, lambda:UpdateAlias, lambda:GetProvisionedConcurrencyConfig on {ALIASES}": "moves them",
        "Allow lambda:InvokeFunction on RolloutFunction.Arn": "has the new versions tried",
    },
    "AlarmTopicPolicy": {
        'Allow sns:Publish by {"Service": "cloudwatch.amazonaws.com"} on AlarmTopic if '
        '{"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}': "alarms of this account tell it",
    },
    "UsageBucketPolicy": {
        "Deny s3:* by * on UsageBucket.Arn, ${UsageBucket.Arn}/* if "
        '{"Bool": {"aws:SecureTransport": "false"}}': "nobody reads or writes it in clear",
    },
    "CompletionsPolicy": {
        f"Allow {TABLE}, dynamodb:PutItem, dynamodb:UpdateItem, dynamodb:DeleteItem on Table.Arn": "the ledger, "
        "kept and cached answers, the breaker; a transaction needs the permissions of its parts",
        "Allow secretsmanager:GetSecretValue on KeyPepperSecret, ProviderKeysSecret": "checks keys, asks providers",
    },
    "TracingPolicy": {
        "Allow xray:PutTraceSegments, xray:PutTelemetryRecords on *": "X-Ray has no resources to name",
    },
    "SecretsKeyPolicy": {KMS: "as Secrets Manager asks for it, and for nothing else"},
    "AuthFunctionAliaslive": {f"{API}authorizers/*": "is the authorizer of this API; its id is only known once made"},
    "RouteFunctionAliaslive": {f"{API}*/{path}": "answers this path" for path in ROUTE_PATHS},
    "StreamFunctionAliaslive": {
        f"{API}*/POST/api/core/*/chat/completions": "answers completions",
        'Permission lambda:InvokeFunctionUrl by * if {"FunctionUrlAuthType": "NONE"}': "the second door, open to "
        "whoever has a key: the function checks it",
        'Permission lambda:InvokeFunction by * if {"InvokedViaFunctionUrl": true}': "the same: Lambda asks for both",
    },
    "InspectFunction": {
        "Permission lambda:InvokeFunction by events.amazonaws.com from InspectFunctionNightly.Arn": "its clock",
    },
    "SweepFunction": {
        "Permission lambda:InvokeFunction by events.amazonaws.com from SweepFunctionRegularly.Arn": "its clock",
    },
}
