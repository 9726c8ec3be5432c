"""The cases of the drift run: what is changed outside the deployer, and what it must show and do."""

import dataclasses
import json
import typing

from drift_stack import BASE, GROUP, POLICY, ROLE, SCOPES, SERVER, STAGE, STATEMENT

# Whether repairing a case must create a new deployment. It must if our last deployment's snapshot is not what is desired, or cannot be
# compared with it. A change that was not deployed has reached no caller, so undoing it needs no deployment.
NEVER, ALWAYS = "never", "always"


@dataclasses.dataclass(frozen=True)
class Case:
    resource: str
    what: str
    change: typing.Callable
    # Reads what the case changes: it must differ after the change, and be as before after `up`.
    probe: typing.Callable
    # Resource → action and, for an update or a replacement, the field in its `diff`.
    sees: dict
    deploys: str = NEVER
    # Deletes what the case created and the deployer leaves alone.
    clean: typing.Callable = lambda s: None


CASES = []


def field(resource, what, name, change, probe, deploys=NEVER, action="update", **more):
    CASES.append(Case(resource, what, change, probe, {resource: (action, name)}, deploys, **more))


def gone(what, change, probe, *created, deploys=NEVER, **updated):
    """A deletion: `created` resources are created again, `updated` ones are updated in a field."""
    sees = {resource: ("create", None) for resource in created}
    sees |= {resource: ("update", name) for resource, name in updated.items()}
    CASES.append(Case(created[0] if created else next(iter(updated)), what, change, probe, sees, deploys))


def leftover(resource, what, change, probe, deploys=NEVER, **more):
    """Something that would open the API or the function: it is reported with a reason, and deleted."""
    CASES.append(Case(resource, what, change, probe, {resource: ("delete", None)}, deploys, **more))


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}

# Log group.
retention = lambda s: s.group() and s.group().get("retentionInDays")
field("log_group", "retention changed", "retention_days",
      lambda s: s.logs.put_retention_policy(logGroupName=GROUP, retentionInDays=30), retention)
field("log_group", "retention removed", "retention_days",
      lambda s: s.logs.delete_retention_policy(logGroupName=GROUP), retention)

# Role.
field("role", "trust policy", "trust_policy",
      lambda s: s.iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=document(
          TRUST, TRUST | {"Principal": {"Service": "ec2.amazonaws.com"}})),
      lambda s: s.iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"])
field("role", "inline policy changed", "logs_policy",
      lambda s: s.iam.put_role_policy(RoleName=ROLE, PolicyName=POLICY, PolicyDocument=document(
          {"Effect": "Allow", "Action": "*", "Resource": "*"})),
      lambda s: s.role_policy())
field("role", "inline policy deleted", "logs_policy",
      lambda s: s.iam.delete_role_policy(RoleName=ROLE, PolicyName=POLICY), lambda s: s.role_policy())

# Function.
configured = lambda key: lambda s: s.function()[key]
field("function", "memory", "memory_mb", lambda s: s.configure(MemorySize=256), configured("MemorySize"))
field("function", "timeout", "timeout_s", lambda s: s.configure(Timeout=5), configured("Timeout"))
for what, variables, name in (
        ("variable changed", {"LEVEL": "debug", "MODE": "a"}, "LEVEL"),
        ("variable added", {"LEVEL": "info", "MODE": "a", "EXTRA": "1"}, "EXTRA"),
        ("variable removed", {"LEVEL": "info"}, "MODE")):
    field("function", what, f"environment.{name}",
          lambda s, variables=variables: s.configure(Environment={"Variables": variables}), lambda s: s.variables())
field("function", "handler", "handler", lambda s: s.configure(Handler="other"), configured("Handler"))
field("function", "runtime", "runtime", lambda s: s.configure(Runtime="provided.al2"), configured("Runtime"))
field("function", "role", "role",
      lambda s: s.configure(Role=s.iam.create_role(
          RoleName="other", AssumeRolePolicyDocument=document(TRUST))["Role"]["Arn"]),
      configured("Role"), clean=lambda s: s.iam.delete_role(RoleName="other"))
field("function", "log group", "log_group",
      lambda s: s.configure(LoggingConfig={"LogGroup": "/elsewhere"}), configured("LoggingConfig"))
field("function", "log format", "log_format",
      lambda s: s.configure(LoggingConfig={"LogGroup": GROUP, "LogFormat": "JSON"}), configured("LoggingConfig"))
field("function", "reserved concurrency set", "reserved_concurrency",
      lambda s: s.functions.put_function_concurrency(FunctionName=BASE, ReservedConcurrentExecutions=5),
      lambda s: s.reserved())
field("function", "code replaced", "code", lambda s: s.replace_code(), configured("CodeSha256"))
field("function", "architecture", "architecture",
      lambda s: s.replace_code(Architectures=[s.other_architecture()]), configured("Architectures"))

# User pool.
pool = lambda key: lambda s: s.describe_pool()[key]
field("user_pool", "users may sign up", "admin_create_user_only",
      lambda s: s.update_pool(AdminCreateUserConfig={"AllowAdminCreateUserOnly": False}),
      lambda s: s.describe_pool()["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"])
field("user_pool", "deletion protection on", "deletion_protection",
      lambda s: s.update_pool(DeletionProtection="ACTIVE"), pool("DeletionProtection"))
field("user_pool", "renamed", "name", lambda s: s.update_pool(PoolName="renamed"), pool("Name"))

# Resource server.
field("resource_server", "scope removed", "scopes", lambda s: s.set_server(SCOPES[:1]), lambda s: s.scopes())
field("resource_server", "scope added", "scopes", lambda s: s.set_server([*SCOPES, "extra"]), lambda s: s.scopes())
field("resource_server", "renamed", "name", lambda s: s.set_server(name="renamed"), lambda s: s.server()["Name"])

# App client.
client = lambda key: lambda s: s.describe_client().get(key)
full = [f"{SERVER}/{scope}" for scope in SCOPES]
field("app_client", "scope removed", "scopes", lambda s: s.update_client(AllowedOAuthScopes=full[:1]),
      client("AllowedOAuthScopes"))
field("app_client", "flow changed", "oauth_flows",
      lambda s: s.update_client(AllowedOAuthFlows=["code"], CallbackURLs=["https://example.org"],
                                SupportedIdentityProviders=["COGNITO"]), client("AllowedOAuthFlows"))
field("app_client", "flows disabled", "oauth_flows_enabled",
      lambda s: s.update_client(AllowedOAuthFlowsUserPoolClient=False), client("AllowedOAuthFlowsUserPoolClient"))
field("app_client", "token lifetime", "token_seconds",
      lambda s: s.update_client(AccessTokenValidity=30), client("AccessTokenValidity"))
field("app_client", "unit of the token lifetime", "token_seconds",
      lambda s: s.update_client(TokenValidityUnits={"AccessToken": "hours"}),
      lambda s: s.describe_client()["TokenValidityUnits"]["AccessToken"])
field("app_client", "user existence errors", "prevent_user_existence_errors",
      lambda s: s.update_client(PreventUserExistenceErrors="LEGACY"), client("PreventUserExistenceErrors"))


def client_without_secret(s):
    s.cognito.delete_user_pool_client(UserPoolId=s.pool, ClientId=s.client)
    s.client = s.cognito.create_user_pool_client(UserPoolId=s.pool, ClientName=BASE)["UserPoolClient"]["ClientId"]


field("app_client", "replaced by one without a secret", "secret", client_without_secret,
      lambda s: "ClientSecret" in s.describe_client(), action="replace")

# Domain.


def another_domain(s):
    s.cognito.delete_user_pool_domain(UserPoolId=s.pool, Domain=s.domain)
    s.cognito.create_user_pool_domain(UserPoolId=s.pool, Domain="somewhere-else")


field("domain", "replaced by another prefix", "domain", another_domain, pool("Domain"), action="replace")

# REST API.
api = lambda key: lambda s: s.rest_api().get(key)
field("rest_api", "binary media type removed", "binary_media_types",
      lambda s: s.patch_api(("remove", "/binaryMediaTypes/*~1*")), api("binaryMediaTypes"))
field("rest_api", "binary media type added", "binary_media_types",
      lambda s: s.patch_api(("add", "/binaryMediaTypes/text~1plain")), api("binaryMediaTypes"))
field("rest_api", "endpoint type", "endpoint_type",
      lambda s: s.patch_api(("replace", "/endpointConfiguration/types/REGIONAL", "EDGE")),
      lambda s: s.rest_api()["endpointConfiguration"]["types"])
field("rest_api", "renamed", "name", lambda s: s.patch_api(("replace", "/name", "renamed")), api("name"))
field("rest_api", "endpoint disabled", "disable_execute_api_endpoint",
      lambda s: s.patch_api(("replace", "/disableExecuteApiEndpoint", "true")), api("disableExecuteApiEndpoint"), ALWAYS)

# Authorizer.
authorizer = lambda key: lambda s: s.our_authorizer().get(key)


def another_pool(s):
    ours = s.our_authorizer()["providerARNs"][0]
    s.patch_authorizer(("add", "/providerARNs", ours[:-9] + "anotherOn"), ("remove", "/providerARNs", ours))


field("authorizer", "another pool", "provider_arns", another_pool, authorizer("providerARNs"))
field("authorizer", "identity source", "identity_source",
      lambda s: s.patch_authorizer(("replace", "/identitySource", "method.request.header.X-Token")),
      authorizer("identitySource"))
field("authorizer", "validation expression", "validation_expression",
      lambda s: s.patch_authorizer(("replace", "/identityValidationExpression", "x")),
      authorizer("identityValidationExpression"))
field("authorizer", "renamed", "name", lambda s: s.patch_authorizer(("replace", "/name", "renamed")),
      authorizer("name"))

# Method.
method = lambda key: lambda s: s.method().get(key)
drop_scopes = [("remove", "/authorizationScopes", scope) for scope in full]
field("method", "authorization NONE", "authorization_type",
      lambda s: s.patch_method(*drop_scopes, ("replace", "/authorizationType", "NONE")), method("authorizationType"))
field("method", "scope removed", "scopes", lambda s: s.patch_method(drop_scopes[0]),
      lambda s: sorted(s.method()["authorizationScopes"]))
field("method", "all scopes removed", "scopes", lambda s: s.patch_method(*drop_scopes),
      lambda s: sorted(s.method().get("authorizationScopes", [])))
field("method", "scope added", "scopes", lambda s: s.patch_method(("add", "/authorizationScopes", f"{SERVER}/x")),
      lambda s: sorted(s.method()["authorizationScopes"]))
field("method", "API key required", "api_key_required",
      lambda s: s.patch_method(("replace", "/apiKeyRequired", "true")), method("apiKeyRequired"))
field("method", "another authorizer", "authorizer_id",
      lambda s: s.patch_method(("replace", "/authorizerId", s.add_authorizer("other"))), method("authorizerId"),
      clean=lambda s: s.drop_authorizer("other"))

# Integration.
integration = lambda key: lambda s: s.integration().get(key)
for what, name, path, key, value in (
        ("another function", "uri", "/uri", "uri",
         "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
         "arn:aws:lambda:us-east-1:123456789012:function:other/invocations"),
        ("method towards the function", "http_method", "/httpMethod", "httpMethod", "GET"),
        ("timeout", "timeout_ms", "/timeoutInMillis", "timeoutInMillis", "5000"),
        ("credentials", "credentials", "/credentials", "credentials", "arn:aws:iam::123456789012:role/other"),
        ("content handling", "content_handling", "/contentHandling", "contentHandling", "CONVERT_TO_TEXT")):
    field("integration", what, name, lambda s, path=path, value=value: s.patch_integration(("replace", path, value)),
          integration(key))

# Permission.
statement = lambda s: s.statements().get(STATEMENT)
field("permission", "principal", "principal", lambda s: s.permit(Principal="events.amazonaws.com"), statement)
field("permission", "action", "action", lambda s: s.permit(Action="lambda:GetFunction"), statement)
field("permission", "source ARN", "source_arn",
      lambda s: s.permit(SourceArn=f"arn:aws:execute-api:us-east-1:{s.account}:*"), statement)
field("permission", "source ARN removed", "source_arn", lambda s: s.permit(SourceArn=None), statement)
leftover("permission", "anybody may invoke", lambda s: s.permit("anybody", False, Principal="*", SourceArn=None),
         lambda s: sorted(s.statements()))

# Stage and deployment.
field("stage", "repointed to another deployment", "deployment_id",
      lambda s: s.patch_stage(("replace", "/deploymentId", s.other_deployment())),
      lambda s: s.record() and s.record() == s.served())
field("stage", "description overwritten", "description", lambda s: s.patch_stage(("replace", "/description", "mine")),
      lambda s: s.stage()["description"])
throttle = lambda key: lambda s: {path: (setting["throttlingRateLimit"], setting["throttlingBurstLimit"])
                                  for path, setting in s.stage()["methodSettings"].items()}.get(key)
field("stage", "rate limit", "throttle_rate",
      lambda s: s.patch_stage(("replace", "/*/*/throttling/rateLimit", "5")), throttle("*/*"))
field("stage", "burst limit", "throttle_burst",
      lambda s: s.patch_stage(("replace", "/*/*/throttling/burstLimit", "3")), throttle("*/*"))
field("stage", "rate limit of one method", "method_throttle",
      lambda s: s.patch_stage(("replace", "/~1/POST/throttling/rateLimit", "5"),
                              ("replace", "/~1/POST/throttling/burstLimit", "3")),
      lambda s: sorted(s.stage()["methodSettings"]))
CASES.append(Case("stage", "a foreign deployment put on it", lambda s: s.deploy(stageName=STAGE),
                  lambda s: s.record() == s.served(), {"stage": ("update", "deployment_id")}))



def deployed(change):
    """A change that reaches callers, because somebody deploys it on our stage."""
    def both(s):
        change(s)
        s.deploy(stageName=STAGE)
    return both


CASES.append(Case(
    "method", "authorization NONE, and deployed on our stage",
    deployed(lambda s: s.patch_method(*drop_scopes, ("replace", "/authorizationType", "NONE"))),
    lambda s: (s.method()["authorizationType"], s.record() == s.served()),
    {"method": ("update", "authorization_type"), "stage": ("update", "deployment_id")}))

# What would open the API.
ways = lambda s: s.methods()
leftover("method", "ANY on /", lambda s: s.open("ANY"), ways, ALWAYS)
leftover("method", "ANY on / without integration", lambda s: s.open("ANY", integrate=False), ways, ALWAYS)
leftover("method", "GET on / without authorizer", lambda s: s.open("GET"), ways, ALWAYS)
leftover("method", "POST on /open without authorizer", lambda s: s.open("POST", "/open"), ways, ALWAYS,
         clean=lambda s: s.drop_resource("/open"))
CASES.append(Case("method", "GET on /, and deployed on our stage", deployed(lambda s: s.open("GET")), ways,
                  {"method": ("delete", None), "stage": ("update", "deployment_id")}, ALWAYS))
leftover("stage", "another one serves the same deployment",
         lambda s: s.gateway.create_stage(restApiId=s.api, stageName="back", deploymentId=s.served()),
         lambda s: s.stages())
leftover("stage", "another one serves another deployment",
         lambda s: s.gateway.create_stage(restApiId=s.api, stageName="back", deploymentId=s.other_deployment()),
         lambda s: s.stages())

# Deleted, one at a time.
gone("deleted", lambda s: s.logs.delete_log_group(logGroupName=GROUP), lambda s: bool(s.group()), "log_group")
gone("deleted", lambda s: s.delete_role(), lambda s: bool(s.role_policy()), "role")
gone("deleted", lambda s: s.functions.delete_function(FunctionName=BASE), lambda s: bool(s.function()),
     "function", "permission")
gone("deleted", lambda s: s.cognito.delete_resource_server(UserPoolId=s.pool, Identifier=SERVER),
     lambda s: bool(s.server()), "resource_server")
gone("deleted", lambda s: s.cognito.delete_user_pool_client(UserPoolId=s.pool, ClientId=s.client),
     lambda s: s.clients(), "app_client")
gone("deleted", lambda s: s.cognito.delete_user_pool_domain(UserPoolId=s.pool, Domain=s.domain),
     lambda s: s.describe_pool().get("Domain"), "domain")
gone("deleted with its method", lambda s: s.delete_authorizer(), lambda s: sorted(s.authorizers()),
     "authorizer", "method", "integration", deploys=ALWAYS)
gone("deleted", lambda s: s.gateway.delete_method(**s.on_post()), lambda s: bool(s.method()),
     "method", "integration")
gone("deleted", lambda s: s.gateway.delete_integration(**s.on_post()), lambda s: bool(s.integration()),
     "integration")
gone("deleted", lambda s: s.functions.remove_permission(FunctionName=BASE, StatementId=STATEMENT), statement, "permission")
gone("deleted, its deployment not", lambda s: s.delete_stage(), lambda s: s.stages(), "stage")
gone("deleted with all deployments", lambda s: s.delete_stage(deployments=True), lambda s: s.stages(),
     "stage", "deployment", deploys=ALWAYS)
pool_children = ("resource_server", "app_client", "domain")
api_children = ("authorizer", "method", "integration", "deployment", "stage")
gone("deleted with its children", lambda s: s.delete_pool(), lambda s: bool(s.describe_pool()),
     "user_pool", *pool_children, deploys=ALWAYS, authorizer="provider_arns")
gone("deleted with its children", lambda s: s.delete_api(), lambda s: bool(s.rest_api()),
     "rest_api", *api_children, deploys=ALWAYS, permission="source_arn")

# Several at once.


def without_pool_children(s):
    s.cognito.delete_user_pool_client(UserPoolId=s.pool, ClientId=s.client)
    s.cognito.delete_resource_server(UserPoolId=s.pool, Identifier=SERVER)
    s.cognito.delete_user_pool_domain(UserPoolId=s.pool, Domain=s.domain)


def without_api_children(s):
    s.delete_stage(deployments=True)
    s.delete_authorizer()


def without_all_but_the_role(s):
    s.delete_api()
    s.delete_pool()
    s.functions.delete_function(FunctionName=BASE)
    s.logs.delete_log_group(logGroupName=GROUP)


def without_permission_and_code(s):
    s.functions.remove_permission(FunctionName=BASE, StatementId=STATEMENT)
    s.replace_code()


gone("all children of the pool deleted", without_pool_children, lambda s: s.clients(), *pool_children)
gone("all children of the API deleted", without_api_children, lambda s: s.methods(), *api_children, deploys=ALWAYS)
gone("permission deleted and code replaced", without_permission_and_code,
     lambda s: (statement(s), s.function()["CodeSha256"]), "permission", function="code")
gone("everything deleted but the role", without_all_but_the_role, lambda s: bool(s.function()),
     "log_group", "function", "permission", "user_pool", *pool_children, "rest_api", *api_children, deploys=ALWAYS)


@dataclasses.dataclass(frozen=True)
class Foreign:
    """Somebody else's resource: not drift, and still there after `up`."""
    resource: str
    what: str
    change: typing.Callable
    probe: typing.Callable
    clean: typing.Callable


def second_client(s):
    s.cognito.create_user_pool_client(
        UserPoolId=s.pool, ClientName="web", AllowedOAuthFlows=["code"], AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthScopes=["openid"], CallbackURLs=["https://example.org"], SupportedIdentityProviders=["COGNITO"])


def hardened_pool(s):
    s.update_pool(
        MfaConfiguration="OPTIONAL",
        Policies={"PasswordPolicy": {"MinimumLength": 20, "RequireSymbols": True, "TemporaryPasswordValidityDays": 3}},
        LambdaConfig={"PreSignUp": f"arn:aws:lambda:us-east-1:{s.account}:function:other"})


FOREIGN = [
    Foreign("app_client", "a second client with callback URLs", second_client, lambda s: sorted(s.clients()),
            lambda s: s.drop_client("web")),
    Foreign("user_pool", "MFA, password policy and a trigger", hardened_pool,
            lambda s: [s.describe_pool().get(key) for key in ("MfaConfiguration", "Policies", "LambdaConfig")],
            lambda s: s.update_pool(MfaConfiguration="OFF", LambdaConfig={})),
    Foreign("function", "a tag", lambda s: s.functions.tag_resource(Resource=s.function()["FunctionArn"], Tags={"by": "me"}),
            lambda s: s.functions.list_tags(Resource=s.function()["FunctionArn"])["Tags"],
            lambda s: s.functions.untag_resource(Resource=s.function()["FunctionArn"], TagKeys=["by"])),
    Foreign("user_pool", "a tag", lambda s: s.cognito.tag_resource(ResourceArn=s.describe_pool()["Arn"], Tags={"by": "me"}),
            lambda s: s.describe_pool()["UserPoolTags"],
            lambda s: s.cognito.untag_resource(ResourceArn=s.describe_pool()["Arn"], TagKeys=["by"])),
    Foreign("rest_api", "a tag", lambda s: s.gateway.tag_resource(resourceArn=s.api_arn(), tags={"by": "me"}),
            lambda s: s.rest_api()["tags"],
            lambda s: s.gateway.untag_resource(resourceArn=s.api_arn(), tagKeys=["by"])),
    Foreign("authorizer", "another that no method uses", lambda s: s.add_authorizer("other"),
            lambda s: sorted(s.authorizers()), lambda s: s.drop_authorizer("other")),
]
