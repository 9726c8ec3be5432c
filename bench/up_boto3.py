"""Creates the same stack with boto3, in one of two ways.

`sequential` is what a careful person writes: every step looks up its resource and creates it if it is missing, one after
another, with boto3's own waiters. `threads` looks nothing up: each call runs on a thread as soon as its inputs exist, with short
pauses between polls. It is the fastest way that ignores what already exists.

usage: up_boto3.py threads|sequential|down --name NAME --zip FILE --account ID
"""

import argparse
import concurrent.futures
import json
import pathlib
import time

import boto3
import botocore.config
import botocore.exceptions

REGION = "us-east-1"
TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}


class Stack:
    """Each step is a method: `make_x` sends the calls that create x; `find_x` looks it up and returns what others need."""

    def __init__(self, name, code, account, pause_s):
        self.name, self.code, self.account, self.pause_s = name, code, account, pause_s
        self.group, self.role_name = f"/aws/lambda/{name}", f"{name}-role"
        self.function_arn = f"arn:aws:lambda:{REGION}:{account}:function:{name}"
        config = botocore.config.Config(max_pool_connections=20)
        services = ("iam", "logs", "lambda", "cognito-idp", "apigateway")
        self.iam, self.logs, self.lambda_, self.cognito, self.gateway = (
            boto3.client(service, region_name=REGION, config=config) for service in services)

    # --- function
    def make_log_group(self):
        self.logs.create_log_group(logGroupName=self.group, tags={"stack": self.name})
        self.logs.put_retention_policy(logGroupName=self.group, retentionInDays=14)

    def find_log_group(self):
        found = self.logs.describe_log_groups(logGroupNamePrefix=self.group)["logGroups"]
        if found:
            self.logs.list_tags_for_resource(resourceArn=f"arn:aws:logs:{REGION}:{self.account}:log-group:{self.group}")
        return bool(found)

    def make_role(self):
        role = self.iam.create_role(RoleName=self.role_name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
        self.iam.put_role_policy(RoleName=self.role_name, PolicyName="logs", PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*",
             "Action": ["logs:CreateLogStream", "logs:PutLogEvents"]}]}))
        return role["Arn"]

    def find_role(self):
        try:
            arn = self.iam.get_role(RoleName=self.role_name)["Role"]["Arn"]
            self.iam.get_role_policy(RoleName=self.role_name, PolicyName="logs")
            return arn
        except self.iam.exceptions.NoSuchEntityException:
            return None

    def make_function(self, role):
        while True:
            try:
                self.lambda_.create_function(
                    FunctionName=self.name, Role=role, Runtime="provided.al2023", Handler="bootstrap", Timeout=15,
                    MemorySize=1024, Architectures=["x86_64"], Code={"ZipFile": self.code},
                    LoggingConfig={"LogFormat": "Text", "LogGroup": self.group})
                return
            except self.lambda_.exceptions.InvalidParameterValueException as error:
                if "assumed" not in str(error):
                    raise
                time.sleep(self.pause_s)  # the role has not propagated yet

    def find_function(self):
        try:
            return self.lambda_.get_function(FunctionName=self.name)["Configuration"]["State"] == "Active"
        except self.lambda_.exceptions.ResourceNotFoundException:
            return False

    def wait_for_function(self):
        while self.lambda_.get_function_configuration(FunctionName=self.name)["State"] == "Pending":
            time.sleep(self.pause_s)

    def make_permission(self, api):
        self.lambda_.add_permission(
            FunctionName=self.name, StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:{REGION}:{self.account}:{api}/*/POST/")

    def find_permission(self):
        try:
            return self.lambda_.get_policy(FunctionName=self.name)["Policy"]
        except self.lambda_.exceptions.ResourceNotFoundException:
            return None

    # --- who may call
    def make_pool(self):
        return self.cognito.create_user_pool(PoolName=self.name, AdminCreateUserConfig={"AllowAdminCreateUserOnly": True},
                                             UserPoolTags={"stack": self.name})["UserPool"]["Id"]

    def find_pool(self):
        pools = self.cognito.list_user_pools(MaxResults=60)["UserPools"]
        found = next((pool["Id"] for pool in pools if pool["Name"] == self.name), None)
        if found:
            self.cognito.describe_user_pool(UserPoolId=found)
        return found

    def make_server(self, pool):
        self.cognito.create_resource_server(UserPoolId=pool, Identifier="predict-api", Name="predict-api", Scopes=[
            {"ScopeName": "predict", "ScopeDescription": "predict"}])

    def find_server(self, pool):
        try:
            return self.cognito.describe_resource_server(UserPoolId=pool, Identifier="predict-api")["ResourceServer"]
        except self.cognito.exceptions.ResourceNotFoundException:
            return None

    def make_client(self, pool):
        self.cognito.create_user_pool_client(
            UserPoolId=pool, ClientName=self.name, GenerateSecret=True, AllowedOAuthFlows=["client_credentials"],
            AllowedOAuthFlowsUserPoolClient=True, AllowedOAuthScopes=["predict-api/predict"])

    def find_client(self, pool):
        clients = self.cognito.list_user_pool_clients(UserPoolId=pool, MaxResults=60)["UserPoolClients"]
        found = next((client["ClientId"] for client in clients if client["ClientName"] == self.name), None)
        if found:
            self.cognito.describe_user_pool_client(UserPoolId=pool, ClientId=found)
        return found

    def make_domain(self, pool):
        self.cognito.create_user_pool_domain(UserPoolId=pool, Domain=self.name)

    def find_domain(self):
        return self.cognito.describe_user_pool_domain(Domain=self.name)["DomainDescription"]

    def wait_for_domain(self):
        while self.find_domain().get("Status", "ACTIVE") not in ("ACTIVE", "UPDATING"):
            time.sleep(self.pause_s)

    # --- API
    def make_api(self):
        return self.gateway.create_rest_api(name=self.name, binaryMediaTypes=["*/*"], tags={"stack": self.name},
                                            endpointConfiguration={"types": ["REGIONAL"]})["id"]

    def find_api(self):
        apis = self.gateway.get_rest_apis(limit=500)["items"]
        return next((api["id"] for api in apis if api["name"] == self.name), None)

    def root(self, api):
        items = self.gateway.get_resources(restApiId=api, embed=["methods"])["items"]
        return next((item["id"], item.get("resourceMethods", {})) for item in items if item["path"] == "/")

    def make_authorizer(self, api, pool):
        return self.gateway.create_authorizer(
            restApiId=api, name=self.name, type="COGNITO_USER_POOLS", identitySource="method.request.header.Authorization",
            providerARNs=[f"arn:aws:cognito-idp:{REGION}:{self.account}:userpool/{pool}"])["id"]

    def find_authorizer(self, api):
        return next((item["id"] for item in self.gateway.get_authorizers(restApiId=api)["items"]), None)

    def make_method(self, api, root, authorizer):
        self.gateway.put_method(restApiId=api, resourceId=root, httpMethod="POST", authorizationType="COGNITO_USER_POOLS",
                                authorizerId=authorizer, authorizationScopes=["predict-api/predict"])

    def make_integration(self, api, root):
        self.gateway.put_integration(
            restApiId=api, resourceId=root, httpMethod="POST", type="AWS_PROXY", integrationHttpMethod="POST",
            uri=f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{self.function_arn}/invocations")

    def make_stage(self, api):
        self.gateway.create_deployment(restApiId=api, stageName="dev")

    def find_stage(self, api):
        return bool(self.gateway.get_stages(restApiId=api)["item"])


def sequential(stack):
    """Looks up and creates one resource after another."""
    stack.find_log_group() or stack.make_log_group()
    role = stack.find_role() or stack.make_role()
    if not stack.find_function():
        stack.make_function(role)
        stack.lambda_.get_waiter("function_active_v2").wait(FunctionName=stack.name)
    pool = stack.find_pool() or stack.make_pool()
    stack.find_server(pool) or stack.make_server(pool)
    stack.find_client(pool) or stack.make_client(pool)
    if not stack.find_domain():
        stack.make_domain(pool)
    api = stack.find_api() or stack.make_api()
    authorizer = stack.find_authorizer(api) or stack.make_authorizer(api, pool)
    root, methods = stack.root(api)
    if "POST" not in methods:
        stack.make_method(api, root, authorizer)
        stack.make_integration(api, root)
    if api not in (stack.find_permission() or ""):
        stack.make_permission(api)
    stack.find_stage(api) or stack.make_stage(api)
    stack.wait_for_domain()


def threads(stack):
    """Runs every call as soon as its inputs exist."""
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        submit = pool.submit
        group, role = submit(stack.make_log_group), submit(stack.make_role)
        user_pool, api = submit(stack.make_pool), submit(stack.make_api)

        def function():
            group.result()
            stack.make_function(role.result())
            waiting = submit(stack.wait_for_function)
            stack.make_permission(api.result())
            waiting.result()

        def client():
            stack.make_server(user_pool.result())
            stack.make_client(user_pool.result())

        def domain():
            stack.make_domain(user_pool.result())
            stack.wait_for_domain()

        def method():
            root = submit(stack.root, api.result())
            authorizer = stack.make_authorizer(api.result(), user_pool.result())
            stack.make_method(api.result(), root.result()[0], authorizer)
            stack.make_integration(api.result(), root.result()[0])
            stack.make_stage(api.result())

        for branch in [submit(function), submit(client), submit(domain), submit(method)]:
            branch.result()


def down(stack):
    """Deletes one resource after another."""
    api, pool = stack.find_api(), stack.find_pool()
    api and stack.gateway.delete_rest_api(restApiId=api)
    if pool:
        try:
            stack.cognito.delete_user_pool_domain(UserPoolId=pool, Domain=stack.name)
        except botocore.exceptions.ClientError:
            pass  # it has none
        stack.cognito.delete_user_pool(UserPoolId=pool)
    stack.lambda_.delete_function(FunctionName=stack.name)
    stack.iam.delete_role_policy(RoleName=stack.role_name, PolicyName="logs")
    stack.iam.delete_role(RoleName=stack.role_name)
    stack.logs.delete_log_group(logGroupName=stack.group)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ways = {"threads": threads, "sequential": sequential, "down": down}
    parser.add_argument("way", choices=ways)
    parser.add_argument("--name", required=True)
    parser.add_argument("--zip", type=pathlib.Path, required=True)
    parser.add_argument("--account", required=True)
    arguments = parser.parse_args()
    pause_s = 1 if arguments.way == "sequential" else 0.1
    ways[arguments.way](Stack(arguments.name, arguments.zip.read_bytes(), arguments.account, pause_s))


if __name__ == "__main__":
    main()
