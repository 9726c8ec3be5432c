"""The exported templates, read by independent parsers and compared with what `up` creates.

cfn-lint must find nothing in the CloudFormation template, python-hcl2 must read the Terraform files, and every setting in both must
equal what boto3 reads from a stack that `up` has created on the local cloud. Ends with `N passed, N failed`.
"""

import argparse
import base64
import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import hcl2
import yaml
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from clouds import Local
from drift_stack import BASE, ROLE, STAGE, Stack
from journey import Journey
from repository import REPOSITORY

# Values that a template language could misread: quotes, escapes, interpolations, YAML keywords.
VARIABLES = {
    "QUOTES": "say \"hi\" \\ 'there'", "DIRECTIVES": "${aws:x} %{if} $${y} 100%", "LINES": "one\ntwo\tthree", "WORD": "yes",
    "COLON": "- a: b # c", "UNICODE": "größe", "EMPTY": "",
}
FULL = f"""
[function]
bootstrap = "BOOTSTRAP"
memory_mb = 512
timeout_s = 20
log_retention_days = 30
reserved_concurrency = 7
environment = {{ {", ".join(f"{key} = {json.dumps(value)}" for key, value in VARIABLES.items())} }}
[auth]
domain = "my-digits"
resource_server = "digits.api"
scopes = ["read", "write:all"]
token_minutes = 30
deletion_protection = true
[api]
binary_media_types = ["image/png", "application/*"]
throttle_rate = 12.5
"""
STOCK = '\n[function]\nbootstrap = "BOOTSTRAP"\n'


def made(stack, server):
    """Every setting of the stack by name, as boto3 reads it."""
    function, pool, client = stack.function(), stack.describe_pool(), stack.describe_client()
    found = stack.cognito.describe_resource_server(UserPoolId=stack.pool, Identifier=server)["ResourceServer"]
    api, method, stage = stack.rest_api(), stack.method(), stack.stage()
    authorizer, integration = stack.our_authorizer(), stack.integration()
    principal, action, condition = stack.statements()["deployer-api-gateway"]
    role = stack.iam.get_role(RoleName=ROLE)["Role"]
    throttle = stage["methodSettings"].get("*/*", {})
    tags = {"deployer:stack": "mnist", "deployer:stage": STAGE}
    ours = lambda found: {key: value for key, value in found.items() if key in tags}
    return {
        "log_group": [stack.group()["logGroupName"], stack.group()["retentionInDays"]],
        "role": [role["RoleName"], role["AssumeRolePolicyDocument"], stack.role_policy()],
        "function": [function["FunctionName"], function["Role"], function["Runtime"], function["Handler"],
                     function["Architectures"], function["MemorySize"], function["Timeout"]],
        "function.variables": function.get("Environment", {}).get("Variables", {}),
        "function.logging": [function["LoggingConfig"]["LogFormat"], function["LoggingConfig"]["LogGroup"]],
        "function.concurrency": stack.reserved(),
        "function.code": function["CodeSha256"],
        "user_pool": [pool["Name"], pool["DeletionProtection"], pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"]],
        "resource_server": [found["Identifier"], found["Name"],
                            sorted((s["ScopeName"], s["ScopeDescription"]) for s in found["Scopes"])],
        "app_client": [client["ClientName"], "ClientSecret" in client, client["AllowedOAuthFlowsUserPoolClient"],
                       client["AllowedOAuthFlows"], sorted(client["AllowedOAuthScopes"]), client["AccessTokenValidity"],
                       client["TokenValidityUnits"]["AccessToken"], client["PreventUserExistenceErrors"]],
        "domain": pool["Domain"],
        "rest_api": [api["name"], sorted(api["binaryMediaTypes"]), api["endpointConfiguration"]["types"]],
        "authorizer": [authorizer["name"], authorizer["type"], authorizer["providerARNs"], authorizer["identitySource"]],
        "method": [method["httpMethod"], method["authorizationType"], method["authorizerId"],
                   sorted(method["authorizationScopes"]), method["apiKeyRequired"]],
        "integration": [integration["type"], integration["httpMethod"], integration["uri"], integration["timeoutInMillis"]],
        "permission": [principal["Service"], action, condition["ArnLike"]["AWS:SourceArn"]],
        "stage": stage["stageName"],
        "stage.throttle": [throttle.get("throttlingRateLimit"), throttle.get("throttlingBurstLimit")],
        "tags": [ours(stack.functions.list_tags(Resource=function["FunctionArn"])["Tags"]), ours(pool["UserPoolTags"]),
                 ours(api["tags"]), ours({tag["Key"]: tag["Value"] for tag in role["Tags"]}),
                 ours(stack.logs.list_tags_for_resource(resourceArn=stack.group()["logGroupArn"])["tags"])],
    }


def known(stack):
    """The ids and ARNs that AWS would assign to a template's resources; here, those of the running stack."""
    account, region, arn = stack.account, "us-east-1", f"arn:aws:lambda:us-east-1:{stack.account}:function:{BASE}"
    return {
        "account": account, "region": region, "function": BASE, "function_arn": arn,
        "role_arn": f"arn:aws:iam::{account}:role/{ROLE}",
        "group": f"/aws/lambda/{BASE}", "group_arn": f"arn:aws:logs:{region}:{account}:log-group:/aws/lambda/{BASE}",
        "pool": stack.pool, "pool_arn": f"arn:aws:cognito-idp:{region}:{account}:userpool/{stack.pool}",
        "client": stack.client, "api": stack.api, "root": stack.root(),
        "execution_arn": f"arn:aws:execute-api:{region}:{account}:{stack.api}",
        "invoke_arn": f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{arn}/invocations",
        "authorizer": stack.our_authorizer()["id"],
    }


class CloudFormation:
    """The template with its references resolved."""

    def __init__(self, text, stack):
        ids = known(stack)
        self.values = {
            "AWS::Region": ids["region"], "AWS::AccountId": ids["account"], "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com", "Stage": STAGE, "AppClient": ids["client"],
            "Function": BASE, "Function.Arn": ids["function_arn"], "Role.Arn": ids["role_arn"], "LogGroup": ids["group"],
            # As AWS returns it, with the star that a policy on streams needs.
            "LogGroup.Arn": ids["group_arn"] + ":*", "UserPool": ids["pool"], "UserPool.Arn": ids["pool_arn"],
            "RestApi": ids["api"], "RestApi.RootResourceId": ids["root"], "Authorizer": ids["authorizer"],
        }
        class Loader(yaml.SafeLoader):
            pass
        Loader.add_constructor("!Ref", lambda loader, node: self.values.get(node.value, f"?{node.value}"))
        Loader.add_constructor("!GetAtt", lambda loader, node: self.values.get(node.value, f"?{node.value}"))
        Loader.add_constructor("!Sub", lambda loader, node: re.sub(
            r"\$\{(!?)([^}]+)\}", lambda m: "${%s}" % m[2] if m[1] else self.values[m[2]], node.value))
        parameters = yaml.load(re.sub(r"(?m)^(Resources|Outputs):(?s:.*)", "", text), Loader)["Parameters"]
        self.values |= {name: found["Default"] for name, found in parameters.items() if "Default" in found}
        self.template = yaml.load(text, Loader)
        self.resources = self.template["Resources"]

    def of(self, name):
        return self.resources[name]["Properties"]

    def settings(self, zip_path):
        of = self.of
        role, function, pool, client, server = of("Role"), of("Function"), of("UserPool"), of("AppClient"), of("ResourceServer")
        api, authorizer, method, permission, stage = of("RestApi"), of("Authorizer"), of("Method"), of("Permission"), of("Stage")
        integration = method["Integration"]
        throttle = (stage.get("MethodSettings") or [{}])[0]
        listed = lambda tags: {tag["Key"]: tag["Value"] for tag in tags}
        return {
            "log_group": [of("LogGroup")["LogGroupName"], of("LogGroup")["RetentionInDays"]],
            "role": [role["RoleName"], role["AssumeRolePolicyDocument"], role["Policies"][0]["PolicyDocument"]],
            "function": [function[key] for key in ("FunctionName", "Role", "Runtime", "Handler", "Architectures", "MemorySize", "Timeout")],
            "function.variables": function.get("Environment", {}).get("Variables", {}),
            "function.logging": [function["LoggingConfig"]["LogFormat"], function["LoggingConfig"]["LogGroup"]],
            "function.concurrency": function.get("ReservedConcurrentExecutions"),
            "function.code": digest(zip_path),
            "user_pool": [pool["UserPoolName"], pool["DeletionProtection"], pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"]],
            "resource_server": [server["Identifier"], server["Name"],
                                sorted((s["ScopeName"], s["ScopeDescription"]) for s in server["Scopes"])],
            "app_client": [client["ClientName"], client["GenerateSecret"], client["AllowedOAuthFlowsUserPoolClient"],
                           client["AllowedOAuthFlows"], sorted(client["AllowedOAuthScopes"]), client["AccessTokenValidity"],
                           client["TokenValidityUnits"]["AccessToken"], client["PreventUserExistenceErrors"]],
            "domain": of("Domain")["Domain"],
            # CloudFormation writes the slash of a media type as `~1`.
            "rest_api": [api["Name"], sorted(t.replace("~1", "/") for t in api["BinaryMediaTypes"]), api["EndpointConfiguration"]["Types"]],
            "authorizer": [authorizer[key] for key in ("Name", "Type", "ProviderARNs", "IdentitySource")],
            "method": [method["HttpMethod"], method["AuthorizationType"], method["AuthorizerId"],
                       sorted(method["AuthorizationScopes"]), method["ApiKeyRequired"]],
            "integration": [integration[key] for key in ("Type", "IntegrationHttpMethod", "Uri", "TimeoutInMillis")],
            "permission": [permission["Principal"], permission["Action"], permission["SourceArn"]],
            "stage": stage["StageName"],
            "stage.throttle": [throttle.get("ThrottlingRateLimit"), throttle.get("ThrottlingBurstLimit")],
            "tags": [listed(function["Tags"]), pool["UserPoolTags"], listed(api["Tags"]), listed(role["Tags"]),
                     listed(of("LogGroup")["Tags"])],
        }


def long_form(text):
    """The YAML, with intrinsic functions in their JSON form."""
    class Loader(yaml.SafeLoader):
        pass
    Loader.add_constructor("!Ref", lambda loader, node: {"Ref": node.value})
    Loader.add_constructor("!Sub", lambda loader, node: {"Fn::Sub": node.value})
    Loader.add_constructor("!GetAtt", lambda loader, node: {"Fn::GetAtt": node.value.split(".", 1)})
    return yaml.load(text, Loader)


class Terraform:
    """A folder's files with their references resolved."""

    def __init__(self, folder, stack):
        self.folder = folder
        ids = known(stack)
        files = [hcl2.loads(path.read_text()) for path in sorted(folder.glob("*.tf"))]
        self.values = {
            "local.region": ids["region"], "local.account_id": ids["account"], "local.partition": "aws",
            "path.module": str(folder), "null": None, "aws_iam_role.main.name": ROLE, "aws_iam_role.main.arn": ids["role_arn"],
            "aws_cloudwatch_log_group.main.name": ids["group"], "aws_cloudwatch_log_group.main.arn": ids["group_arn"],
            "aws_lambda_function.main.function_name": BASE, "aws_lambda_function.main.arn": ids["function_arn"],
            "aws_lambda_function.main.invoke_arn": ids["invoke_arn"], "aws_cognito_user_pool.main.id": ids["pool"],
            "aws_cognito_user_pool.main.arn": ids["pool_arn"], "aws_api_gateway_rest_api.main.id": ids["api"],
            "aws_api_gateway_rest_api.main.root_resource_id": ids["root"],
            "aws_api_gateway_rest_api.main.execution_arn": ids["execution_arn"],
            "aws_api_gateway_authorizer.main.id": ids["authorizer"], "aws_api_gateway_deployment.main.id": stack.served(),
            "aws_api_gateway_stage.main.stage_name": STAGE, "aws_api_gateway_method.post.http_method": "POST",
        }
        for variable in (entry for file in files for entry in file.get("variable", [])):
            (name, found), = variable.items()
            self.values[f"var.{name.strip(chr(34))}"] = self.value(found.get("default"))
        local = next(entry for file in files for entry in file.get("locals", []))
        for name in {"tags", "domain_prefix"} & local.keys():
            self.values[f"local.{name}"] = self.value(local[name])
        self.resources = {kind.strip('"'): body for file in files for entry in file.get("resource", [])
                          for kind, named in entry.items() for body in named.values()}

    def value(self, found):
        if isinstance(found, list):
            return [self.value(item) for item in found]
        if isinstance(found, dict):
            return {self.value(key): self.value(item) for key, item in found.items() if key != "__is_block__"}
        if not isinstance(found, str):
            return found
        if found.startswith('"'):
            return self.text(found[1:-1])
        return self.expression(found[2:-1]) if found.startswith("${") else found

    def text(self, quoted):
        """The value of a quoted template: escapes, doubled signs, and expressions."""
        out, at = "", 0
        while at < len(quoted):
            two = quoted[at:at + 3]
            if two in ("$${", "%%{"):
                out, at = out + two[1:], at + 3
            elif quoted.startswith("${", at):
                depth, end = 1, at + 2
                while depth:
                    depth += {"{": 1, "}": -1}.get(quoted[end], 0)
                    end += 1
                out, at = out + str(self.expression(quoted[at + 2:end - 1])), end
            elif quoted[at] == "\\":
                size = {"u": 6, "U": 10}.get(quoted[at + 1], 2)
                escape = quoted[at:at + size]
                out += chr(int(escape[2:], 16)) if size > 2 else {"n": "\n", "t": "\t", "r": "\r"}.get(escape[1], escape[1])
                at += size
            else:
                out, at = out + quoted[at], at + 1
        return out

    def expression(self, text):
        if text in self.values:
            return self.values[text]
        call = re.fullmatch(r"(\w+)\((.*)\)", text, re.S)
        if re.fullmatch(r"aws_\w+\.\w+", text):
            # A resource in depends_on.
            return text
        if not call:
            raise KeyError(text)
        name, inside = call.groups()
        if name == "substr":
            whole = re.fullmatch(r"(.*), (\d+), (\d+)", inside)
            return self.expression(whole[1])[int(whole[2]):int(whole[2]) + int(whole[3])]
        parsed = [self.value(item) for item in hcl2.loads(f"x = [{inside}]\n")["x"]]
        return {
            "jsonencode": lambda only: only,
            "filebase64sha256": digest,
            "sha256": lambda only: hashlib.sha256(only.encode()).hexdigest(),
            "coalesce": lambda *all: next(item for item in all if item is not None),
        }[name](*parsed)

    def settings(self, _zip):
        of = lambda kind: self.value(self.resources[kind])
        one = lambda blocks: (blocks or [{}])[0]
        role, function, pool = of("aws_iam_role"), of("aws_lambda_function"), of("aws_cognito_user_pool")
        client, server, api = of("aws_cognito_user_pool_client"), of("aws_cognito_resource_server"), of("aws_api_gateway_rest_api")
        authorizer, method, integration = of("aws_api_gateway_authorizer"), of("aws_api_gateway_method"), of("aws_api_gateway_integration")
        permission, group = of("aws_lambda_permission"), of("aws_cloudwatch_log_group")
        settings = self.resources.get("aws_api_gateway_method_settings")
        throttle = one(self.value(settings)["settings"]) if settings else {}
        logging = one(function["logging_config"])
        reserved = function.get("reserved_concurrent_executions")
        return {
            "log_group": [group["name"], group["retention_in_days"]],
            "role": [role["name"], role["assume_role_policy"], of("aws_iam_role_policy")["policy"]],
            "function": [function[key] for key in ("function_name", "role", "runtime", "handler", "architectures", "memory_size", "timeout")],
            "function.variables": one(function.get("environment")).get("variables", {}),
            "function.logging": [logging["log_format"], logging["log_group"]],
            "function.concurrency": reserved,
            "function.code": function["source_code_hash"],
            "user_pool": [pool["name"], pool["deletion_protection"], one(pool["admin_create_user_config"])["allow_admin_create_user_only"]],
            "resource_server": [server["identifier"], server["name"],
                                sorted((s["scope_name"], s["scope_description"]) for s in server["scope"])],
            "app_client": [client["name"], client["generate_secret"], client["allowed_oauth_flows_user_pool_client"],
                           client["allowed_oauth_flows"], sorted(client["allowed_oauth_scopes"]), client["access_token_validity"],
                           one(client["token_validity_units"])["access_token"], client["prevent_user_existence_errors"]],
            "domain": of("aws_cognito_user_pool_domain")["domain"],
            "rest_api": [api["name"], sorted(api["binary_media_types"]), one(api["endpoint_configuration"])["types"]],
            "authorizer": [authorizer[key] for key in ("name", "type", "provider_arns", "identity_source")],
            "method": [method["http_method"], method["authorization"], method["authorizer_id"],
                       sorted(method["authorization_scopes"]), method["api_key_required"]],
            "integration": [integration[key] for key in ("type", "integration_http_method", "uri", "timeout_milliseconds")],
            "permission": [permission["principal"], permission["action"], permission["source_arn"]],
            "stage": of("aws_api_gateway_stage")["stage_name"],
            "stage.throttle": [throttle.get("throttling_rate_limit"), throttle.get("throttling_burst_limit")],
            "tags": [function["tags"], pool["tags"], api["tags"], role["tags"], group["tags"]],
        }


def digest(path):
    """A file's SHA-256 in Base64, as Lambda has it."""
    return base64.b64encode(hashlib.sha256(pathlib.Path(path).read_bytes()).digest()).decode()


def lint(j, template):
    done = subprocess.run(
        [str(pathlib.Path(sys.executable).parent / "cfn-lint"), "--regions", "us-east-1", "eu-west-1",
         "--non-zero-exit-code", "informational", "--", str(template)], capture_output=True, text=True)
    j.check(f"cfn-lint finds nothing in {template.name}", done.returncode == 0, done.stdout + done.stderr)


def compare(j, stack, name, server):
    """Exports both formats, and compares every setting with what `up` created."""
    wanted = made(stack, server)
    secret = stack.describe_client()["ClientSecret"]
    for kind, reader in (("cloudformation", None), ("terraform", None)):
        out = j.work / f"{name}-{kind}"
        code, said = j.json("export", kind, "--out", out)
        j.check(f"{name}: `export {kind}` writes its files", code == 0 and said["zip"]["path"], said)
        texts = "".join(path.read_text() for path in out.iterdir() if path.suffix != ".zip")
        j.check(f"{name}: {kind} holds no secret", secret not in texts)
        if kind == "cloudformation":
            lint(j, out / "template.yaml")
            j.check(f"{name}: its YAML, parsed independently, equals its JSON",
                    long_form((out / "template.yaml").read_text()) == said["template"], said["template"])
            reader = CloudFormation((out / "template.yaml").read_text(), stack)
            j.check(f"{name}: the pool outlives its template",
                    reader.resources["UserPool"]["DeletionPolicy"] == "Retain", reader.resources["UserPool"])
        else:
            reader = Terraform(out, stack)
        settings = reader.settings(out / f"{BASE}.zip")
        j.check(f"{name}: {kind} has every setting", settings.keys() == wanted.keys())
        for key, value in wanted.items():
            j.check(f"{name}: {kind} agrees with `up` in {key}", settings[key] == value, (settings[key], value))
    again, said = j.json("export", "terraform", "--out", j.work / f"{name}-terraform")
    j.check(f"{name}: the same export again changes nothing", again == 0, said)
    changed = j.work / f"{name}-terraform/main.tf"
    changed.write_text(changed.read_text() + "# mine\n")
    code, said = j.json("export", "terraform", "--out", j.work / f"{name}-terraform")
    j.check(f"{name}: a file that the user has changed is not overwritten", code == 3 and "--force" in json.dumps(said), said)


def imports(j, stack):
    """Checks that the import files name the resources of the running stack."""
    code, said = j.json("export", "terraform", "--import", "--out", j.work / "import-terraform")
    blocks = hcl2.loads((j.work / "import-terraform/imports.tf").read_text())["import"]
    ids = {block["to"].strip("${}"): block["id"].strip('"') for block in blocks}
    j.check("`--import` has a block for everything but the deployment", code == 0 and len(ids) == 15, ids)
    pool, client = ids["aws_cognito_user_pool.main"], ids["aws_cognito_user_pool_client.main"]
    j.check("with the ids of the running stack",
            pool == stack.pool and client == f"{stack.pool}/{stack.client}" and ids["aws_api_gateway_rest_api.main"] == stack.api, ids)
    code, said = j.json("export", "cloudformation", "--import", "--out", j.work / "import-cloudformation")
    listed = json.loads((j.work / "import-cloudformation/resources-to-import.json").read_text())
    template = CloudFormation((j.work / "import-cloudformation/import.yaml").read_text(), stack)
    logical = {entry["LogicalResourceId"] for entry in listed}
    j.check("CloudFormation's list has every resource of its template", code == 0 and logical == set(template.resources), logical)
    retained = all("DeletionPolicy" in found for found in template.resources.values())
    j.check("each with a DeletionPolicy, which an import requires", retained)
    for entry in listed:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", entry["ResourceType"]).schema
        primary = {pointer.removeprefix("/properties/") for pointer in schema["primaryIdentifier"]}
        j.check(f"AWS's schema identifies {entry['ResourceType']} by the keys in the list",
                set(entry["ResourceIdentifier"]) == primary and all(entry["ResourceIdentifier"].values()), (entry, primary))
    lint(j, j.work / "import-cloudformation/import.yaml")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deployer", type=pathlib.Path, required=True)
    parser.add_argument("--bootstrap", default="/bin/true", help="any program for this machine: nothing is invoked")
    arguments = parser.parse_args()
    deployer = str(arguments.deployer.resolve())
    with tempfile.TemporaryDirectory() as temporary:
        work = pathlib.Path(temporary)
        shutil.copytree(REPOSITORY / "model", work / "model")
        base = (REPOSITORY / "deploy.toml").read_text()
        cloud = Local(work, deployer)
        j = Journey(cloud, deployer, work)
        try:
            for name, more, server in (("stock", STOCK, "predict-api"), ("full", FULL, "digits.api")):
                (work / "deploy.toml").write_text(base + more.replace("BOOTSTRAP", arguments.bootstrap))
                code, up = j.json("up", "--yes", "--no-probe")
                j.check(f"{name}: `up`", code == 0, up)
                stack = Stack(cloud)
                stack.use(up)
                compare(j, stack, name, server)
            imports(j, stack)
        finally:
            cloud.stop()
    print(f"{j.passed} passed, {len(j.failed)} failed", flush=True)
    raise SystemExit(1 if j.failed else 0)


if __name__ == "__main__":
    main()
