"""The stack of the drift run, read and changed with boto3."""

import io
import json
import re
import urllib.error
import urllib.request
import zipfile

from clouds import absent_is_none

BASE = "mnist-dev"
STAGE = "dev"
GROUP = f"/aws/lambda/{BASE}"
ROLE = f"{BASE}-us-east-1"
POLICY = "logs"
STATEMENT = "deployer-api-gateway"
SERVER = "predict-api"
SCOPES = ["explain", "predict"]


class Stack:
    """Names are fixed; ids are looked up each time, because a case may have replaced a resource."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.logs, self.iam, self.functions, self.cognito, self.gateway = (
            cloud.client(name) for name in ("logs", "iam", "lambda", "cognito-idp", "apigateway"))
        self.account = cloud.client("sts").get_caller_identity()["Account"]
        self.api = self.pool = self.client = None

    def use(self, outputs):
        """Takes the ids that `up` printed."""
        self.api, self.pool, self.client = outputs["rest_api_id"], outputs["user_pool_id"], outputs["client_id"]
        self.domain = outputs["domain"] if "domain" in outputs else self.describe_pool()["Domain"]

    # Functions, roles, logs.

    def group(self):
        found = self.logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
        return next((group for group in found if group["logGroupName"] == GROUP), None)

    def function(self):
        found = absent_is_none(self.functions.get_function, FunctionName=BASE)
        return found and found["Configuration"]

    def configure(self, **changes):
        self.functions.update_function_configuration(FunctionName=BASE, **changes)
        self.settle()

    def settle(self):
        self.functions.get_waiter("function_updated_v2").wait(FunctionName=BASE, WaiterConfig={"Delay": 1})

    def other_architecture(self):
        return {"x86_64": "arm64", "arm64": "x86_64"}[self.function()["Architectures"][0]]

    def replace_code(self, **changes):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            entry = zipfile.ZipInfo("bootstrap")
            entry.external_attr = 0o755 << 16
            archive.writestr(entry, "#!/bin/sh\nexit 1\n")
        self.functions.update_function_code(FunctionName=BASE, ZipFile=packed.getvalue(), **changes)
        self.settle()

    def variables(self):
        return self.function()["Environment"]["Variables"]

    def reserved(self):
        return self.functions.get_function_concurrency(FunctionName=BASE).get("ReservedConcurrentExecutions")

    def role_policy(self):
        found = absent_is_none(self.iam.get_role_policy, RoleName=ROLE, PolicyName=POLICY)
        return found and found["PolicyDocument"]

    def delete_role(self):
        absent_is_none(self.iam.delete_role_policy, RoleName=ROLE, PolicyName=POLICY)
        self.iam.delete_role(RoleName=ROLE)

    def statements(self):
        found = absent_is_none(self.functions.get_policy, FunctionName=BASE)
        return {s["Sid"]: (s["Principal"], s["Action"], s.get("Condition"))
                for s in json.loads(found["Policy"])["Statement"]} if found else {}

    def permit(self, statement=STATEMENT, replace=True, **changes):
        if replace:
            self.functions.remove_permission(FunctionName=BASE, StatementId=statement)
        wanted = {"Principal": "apigateway.amazonaws.com", "Action": "lambda:InvokeFunction",
                  "SourceArn": f"arn:aws:execute-api:us-east-1:{self.account}:{self.api}/*/POST/"} | changes
        wanted = {key: value for key, value in wanted.items() if value is not None}
        self.functions.add_permission(FunctionName=BASE, StatementId=statement, **wanted)

    # The pool and its children.

    def _merged(self, operation, described, changes):
        """The current settings that the update accepts, with the changes: an update resets what it omits."""
        takes = self.cognito.meta.service_model.operation_model(operation).input_shape.members
        merged = {key: value for key, value in described.items() if key in takes} | changes
        admin = merged.get("AdminCreateUserConfig")
        if admin:
            # Superseded by the password policy's setting, and refused together with it.
            merged["AdminCreateUserConfig"] = {k: v for k, v in admin.items() if k != "UnusedAccountValidityDays"}
        return merged

    def describe_pool(self):
        found = absent_is_none(self.cognito.describe_user_pool, UserPoolId=self.pool)
        return found and found["UserPool"]

    def update_pool(self, **changes):
        described = self.describe_pool()
        merged = self._merged("UpdateUserPool", described, changes)
        self.cognito.update_user_pool(**merged | {"UserPoolId": self.pool, "UserPoolTags": described["UserPoolTags"]})

    def delete_pool(self):
        self.cognito.delete_user_pool_domain(UserPoolId=self.pool, Domain=self.domain)
        self.cognito.delete_user_pool(UserPoolId=self.pool)

    def describe_client(self):
        found = absent_is_none(self.cognito.describe_user_pool_client, UserPoolId=self.pool, ClientId=self.client)
        return found and found["UserPoolClient"]

    def update_client(self, **changes):
        merged = self._merged("UpdateUserPoolClient", self.describe_client(), changes)
        self.cognito.update_user_pool_client(**merged)

    def clients(self):
        return [client["ClientName"] for client in self._clients()]

    def _clients(self):
        return self.cognito.list_user_pool_clients(UserPoolId=self.pool, MaxResults=60)["UserPoolClients"]

    def drop_client(self, name):
        for client in self._clients():
            if client["ClientName"] == name:
                self.cognito.delete_user_pool_client(UserPoolId=self.pool, ClientId=client["ClientId"])

    def server(self):
        found = absent_is_none(self.cognito.describe_resource_server, UserPoolId=self.pool, Identifier=SERVER)
        return found and found["ResourceServer"]

    def scopes(self):
        server = self.server()
        return server and sorted(scope["ScopeName"] for scope in server["Scopes"])

    def set_server(self, scopes=SCOPES, name=SERVER):
        self.cognito.update_resource_server(
            UserPoolId=self.pool, Identifier=SERVER, Name=name,
            Scopes=[{"ScopeName": scope, "ScopeDescription": scope} for scope in scopes])

    # The API and its children.

    def api_arn(self):
        return f"arn:aws:apigateway:us-east-1::/restapis/{self.api}"

    def rest_api(self):
        return absent_is_none(self.gateway.get_rest_api, restApiId=self.api)

    def patch_api(self, *operations):
        self.gateway.update_rest_api(restApiId=self.api, patchOperations=patches(operations))

    def resources(self):
        found = self.gateway.get_resources(restApiId=self.api, embed=["methods"], limit=500)["items"]
        return {resource["path"]: resource for resource in found}

    def root(self):
        return self.resources()["/"]["id"]

    def methods(self):
        """Every way into the API, as `VERB /path`."""
        return sorted(f"{verb} {path}" for path, found in self.resources().items()
                      for verb in found.get("resourceMethods", {}))

    def method(self):
        return self.resources()["/"].get("resourceMethods", {}).get("POST")

    def integration(self):
        method = self.method()
        return method and method.get("methodIntegration")

    def on_post(self):
        return {"restApiId": self.api, "resourceId": self.root(), "httpMethod": "POST"}

    def patch_method(self, *operations):
        self.gateway.update_method(**self.on_post(), patchOperations=patches(operations))

    def patch_integration(self, *operations):
        self.gateway.update_integration(**self.on_post(), patchOperations=patches(operations))

    def authorizers(self):
        return {a["name"]: a for a in self.gateway.get_authorizers(restApiId=self.api)["items"]}

    def our_authorizer(self):
        """The authorizer that our method uses, whatever its name."""
        used = self.method()["authorizerId"]
        return next(found for found in self.authorizers().values() if found["id"] == used)

    def patch_authorizer(self, *operations):
        self.gateway.update_authorizer(
            restApiId=self.api, authorizerId=self.our_authorizer()["id"], patchOperations=patches(operations))

    def add_authorizer(self, name):
        arn = f"arn:aws:cognito-idp:us-east-1:{self.account}:userpool/{self.pool}"
        return self.gateway.create_authorizer(
            restApiId=self.api, name=name, type="COGNITO_USER_POOLS", providerARNs=[arn],
            identitySource="method.request.header.Authorization")["id"]

    def delete_authorizer(self):
        self.gateway.delete_method(**self.on_post())
        self.drop_authorizer(BASE)

    def drop_authorizer(self, name):
        found = self.authorizers().get(name)
        if found:
            self.gateway.delete_authorizer(restApiId=self.api, authorizerId=found["id"])

    def open(self, verb, path="/", integrate=True):
        """Adds a method that needs no token."""
        resource = self.resources().get(path)
        if not resource:
            resource = self.gateway.create_resource(restApiId=self.api, parentId=self.root(), pathPart=path[1:])
        at = {"restApiId": self.api, "resourceId": resource["id"], "httpMethod": verb}
        self.gateway.put_method(**at, authorizationType="NONE")
        if integrate:
            arn = f"arn:aws:lambda:us-east-1:{self.account}:function:{BASE}"
            uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
            self.gateway.put_integration(**at, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)

    def drop_resource(self, path):
        found = self.resources().get(path)
        if found:
            self.gateway.delete_resource(restApiId=self.api, resourceId=found["id"])

    def stage(self):
        return absent_is_none(self.gateway.get_stage, restApiId=self.api, stageName=STAGE)

    def stages(self):
        return sorted(stage["stageName"] for stage in self.gateway.get_stages(restApiId=self.api)["item"])

    def served(self):
        """The id of the deployment that our stage serves."""
        stage = self.api and self.stage()
        return stage and stage["deploymentId"]

    def record(self):
        """The id of our deployment, by the stage's description."""
        found = re.search(r"deployment=(\w+)", (self.stage() or {}).get("description", ""))
        return found and found[1]

    def anonymous_statuses(self):
        """The statuses that callers without a token get."""
        base = f"{self.cloud.endpoint}/_aws/execute-api/{self.api}/{STAGE}"
        def status(verb, path):
            try:
                data = b"image" if verb == "POST" else None
                with urllib.request.urlopen(urllib.request.Request(base + path, data=data, method=verb)) as answer:
                    return answer.status
            except urllib.error.HTTPError as error:
                return error.code
        return {f"{verb} {path}": status(verb, path) for verb, path in (("POST", "/"), ("GET", "/"), ("POST", "/open"))}

    def patch_stage(self, *operations):
        self.gateway.update_stage(restApiId=self.api, stageName=STAGE, patchOperations=patches(operations))

    def deploy(self, **arguments):
        return self.gateway.create_deployment(restApiId=self.api, **arguments)["id"]

    def deployments(self):
        found = self.gateway.get_deployments(restApiId=self.api, limit=500)["items"]
        return [item["id"] for item in sorted(found, key=lambda item: item["createdDate"])]

    def other_deployment(self):
        """A deployment that our stage does not serve: the oldest, or a new one."""
        served = self.served()
        return next((other for other in self.deployments() if other != served), None) or self.deploy()

    def delete_stage(self, deployments=False):
        self.gateway.delete_stage(restApiId=self.api, stageName=STAGE)
        if deployments:
            for deployment in self.deployments():
                self.gateway.delete_deployment(restApiId=self.api, deploymentId=deployment)

    def delete_api(self):
        self.gateway.delete_rest_api(restApiId=self.api)


def patches(operations):
    """Patch operations as the API takes them, from `(op, path)` or `(op, path, value)`."""
    return [dict(zip(("op", "path", "value"), operation)) for operation in operations]
