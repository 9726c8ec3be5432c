"""An independent client, boto3, takes the local cloud through the tutorial's steps.

boto3 signs, serializes and parses by AWS's published models, so this tests the local cloud's wire protocols.
"""

import argparse
import base64
import json
import pathlib
import platform
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request

from botocore.exceptions import ClientError

from clouds import Local
from repository import copy_project

PASSED, FAILED = [], []


def check(what, holds, detail=""):
    (PASSED if holds else FAILED).append(what)
    print(f"  {'ok   ' if holds else 'FAIL '} {what}{'' if holds else f': {detail}'}", flush=True)


def refused(what, code, call, **arguments):
    """Checks that the call is refused with exactly this error code."""
    try:
        answer = call(**arguments)
    except ClientError as error:
        check(f"{what}: {code}", error.response["Error"]["Code"] == code, error.response["Error"])
    else:
        check(f"{what}: {code}", False, f"accepted: {answer}")


def post(url, body, headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body, headers=headers, method="POST")) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def provision(cloud, zip_bytes):
    """The tutorial's steps in order, with the waits that AWS needs. Returns what a caller needs."""
    account = cloud.client("sts").get_caller_identity()["Account"]
    iam, functions, cognito, gateway = (cloud.client(name) for name in ("iam", "lambda", "cognito-idp", "apigateway"))

    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName="b3", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    check("GetRole returns the trust policy as a document", iam.get_role(RoleName="b3")["Role"]["AssumeRolePolicyDocument"] == trust)
    cloud.client("logs").create_log_group(logGroupName="/aws/lambda/b3")
    function = functions.create_function(
        FunctionName="b3", Role=role["Arn"], Runtime="provided.al2023", Handler="bootstrap",
        Code={"ZipFile": zip_bytes}, MemorySize=512, Timeout=15,
        Architectures=["arm64" if platform.machine() == "aarch64" else "x86_64"])
    functions.get_waiter("function_active_v2").wait(FunctionName="b3", WaiterConfig={"Delay": 1})
    refused("a second function of that name", "ResourceConflictException", functions.create_function,
            FunctionName="b3", Role=role["Arn"], Runtime="provided.al2023", Handler="bootstrap", Code={"ZipFile": zip_bytes})

    pool = cognito.create_user_pool(PoolName="b3")["UserPool"]["Id"]
    refused("a client before its resource server", "ScopeDoesNotExistException", cognito.create_user_pool_client,
            UserPoolId=pool, ClientName="b3", GenerateSecret=True, AllowedOAuthFlows=["client_credentials"],
            AllowedOAuthFlowsUserPoolClient=True, AllowedOAuthScopes=["api/predict"])
    cognito.create_resource_server(UserPoolId=pool, Identifier="api", Name="api",
                                   Scopes=[{"ScopeName": "predict", "ScopeDescription": "predict"}])
    client = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="b3", GenerateSecret=True, AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthFlowsUserPoolClient=True, AllowedOAuthScopes=["api/predict"])["UserPoolClient"]
    refused("a reserved word in a domain", "InvalidParameterException", cognito.create_user_pool_domain,
            UserPoolId=pool, Domain="my-aws-domain")
    cognito.create_user_pool_domain(UserPoolId=pool, Domain="b3-domain")

    api = gateway.create_rest_api(name="b3", endpointConfiguration={"types": ["REGIONAL"]}, binaryMediaTypes=["*/*"])
    refused("a deployment without a method", "BadRequestException", gateway.create_deployment, restApiId=api["id"])
    root = next(item["id"] for item in gateway.get_resources(restApiId=api["id"])["items"] if item["path"] == "/")
    authorizer = gateway.create_authorizer(
        restApiId=api["id"], name="b3", type="COGNITO_USER_POOLS", identitySource="method.request.header.Authorization",
        providerARNs=[f"arn:aws:cognito-idp:us-east-1:{account}:userpool/{pool}"])["id"]
    gateway.put_method(restApiId=api["id"], resourceId=root, httpMethod="POST", authorizationType="COGNITO_USER_POOLS",
                       authorizerId=authorizer, authorizationScopes=["api/predict"])
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function['FunctionArn']}/invocations"
    gateway.put_integration(restApiId=api["id"], resourceId=root, httpMethod="POST", type="AWS_PROXY",
                            integrationHttpMethod="POST", uri=uri)
    deployment = gateway.create_deployment(restApiId=api["id"], stageName="dev")["id"]
    return {"pool": pool, "client": client, "api": api["id"], "root": root, "authorizer": authorizer,
            "deployment": deployment, "account": account, "uri": uri, "endpoint": f"{cloud.endpoint}/_aws/execute-api/{api['id']}/dev/"}


def token_of(cloud, stack, scope=None):
    """The tutorial's curl: `grant_type` in the query string, the secret by HTTP Basic."""
    client = stack["client"]
    basic = base64.b64encode(f"{client['ClientId']}:{client['ClientSecret']}".encode()).decode()
    query = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
    status, body = post(f"{cloud.endpoint}/oauth2/token?{urllib.parse.urlencode(query)}", b"", {
        "Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded",
        "Host": "b3-domain.auth.us-east-1.amazoncognito.com"})
    return status, json.loads(body)


def use(cloud, stack, image):
    status, answer = token_of(cloud, stack)
    check("the tutorial's request gets a token", status == 200 and set(answer) == {"access_token", "expires_in", "token_type"}, answer)
    status, error = token_of(cloud, stack, "api/absent")
    check("a scope that the client lacks: invalid_scope", status == 400 and error == {"error": "invalid_scope"}, error)
    headers = {"Content-Type": "image/png", "Authorization": answer["access_token"]}

    status, body = post(stack["endpoint"], image, headers)
    check("without the function's permission the endpoint fails", status == 500, (status, body))
    functions, gateway = cloud.client("lambda"), cloud.client("apigateway")
    permission = {"FunctionName": "b3", "StatementId": "api", "Action": "lambda:InvokeFunction",
                  "Principal": "apigateway.amazonaws.com",
                  "SourceArn": f"arn:aws:execute-api:us-east-1:{stack['account']}:{stack['api']}/*/POST/"}
    functions.add_permission(**permission)
    refused("a duplicate statement id", "ResourceConflictException", functions.add_permission, **permission)
    status, body = post(stack["endpoint"], image, headers)
    check("with it the digit is recognized", status == 200 and json.loads(body)["label"] == "7", (status, body))
    check("without a token: 401", post(stack["endpoint"], image, {"Content-Type": "image/png"})[0] == 401)

    method = {"restApiId": stack["api"], "resourceId": stack["root"], "httpMethod": "POST"}
    gateway.delete_method(**method)
    gateway.put_method(**method, authorizationType="NONE")
    gateway.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=stack["uri"])
    check("a change is invisible until it is deployed", post(stack["endpoint"], image, {"Content-Type": "image/png"})[0] == 401)
    gateway.create_deployment(restApiId=stack["api"], stageName="dev")
    check("and visible after that", post(stack["endpoint"], image, {"Content-Type": "image/png"})[0] == 200)

    invoked = functions.invoke(FunctionName="b3", LogType="Tail", Payload=json.dumps({"httpMethod": "POST", "headers": {}, "body": None}))
    tail = base64.b64decode(invoked["LogResult"]).decode()
    check("Invoke answers with a log tail that ends in REPORT", "REPORT RequestId" in tail, tail)


def tear_down(cloud, stack):
    iam, functions, cognito, gateway = (cloud.client(name) for name in ("iam", "lambda", "cognito-idp", "apigateway"))
    stage = gateway.get_stage(restApiId=stack["api"], stageName="dev")
    refused("a deployment that a stage points at", "BadRequestException", gateway.delete_deployment,
            restApiId=stack["api"], deploymentId=stage["deploymentId"])
    gateway.delete_rest_api(restApiId=stack["api"])
    refused("a pool that has a domain", "InvalidParameterException", cognito.delete_user_pool, UserPoolId=stack["pool"])
    cognito.delete_user_pool_domain(UserPoolId=stack["pool"], Domain="b3-domain")
    cognito.delete_user_pool(UserPoolId=stack["pool"])
    functions.delete_function(FunctionName="b3")
    iam.put_role_policy(RoleName="b3", PolicyName="logs", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}]}))
    refused("a role that has a policy", "DeleteConflict", iam.delete_role, RoleName="b3")
    iam.delete_role_policy(RoleName="b3", PolicyName="logs")
    iam.delete_role(RoleName="b3")
    cloud.client("logs").delete_log_group(logGroupName="/aws/lambda/b3")
    refused("an operation that is not emulated", "NotImplemented", gateway.get_usage_plans)


def keeps_to_the_models(cloud):
    """Requests that were meant to be refused may break the models; accepted ones, and every answer, may not."""
    checked, violations = cloud.conformity()
    wrong = [line for line in violations if line.split()[3].startswith("2") or "response violations: " in line]
    check(f"{checked} requests: every accepted one, and every answer, satisfies AWS's models", checked > 30 and not wrong, wrong)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deployer", type=pathlib.Path, required=True)
    deployer = str(parser.parse_args().deployer.resolve())
    with tempfile.TemporaryDirectory() as temporary:
        work = pathlib.Path(temporary)
        copy_project(work)
        cloud = Local(work, deployer)
        subprocess.run([deployer, "--local", "package", "--out", "function.zip"], cwd=work, check=True, capture_output=True)
        subprocess.run([deployer, "local", "start"], cwd=work, check=True, capture_output=True)
        try:
            stack = provision(cloud, (work / "function.zip").read_bytes())
            use(cloud, stack, (work / "test_images/7.png").read_bytes())
            tear_down(cloud, stack)
            keeps_to_the_models(cloud)
        finally:
            cloud.stop()
    print(f"{len(PASSED)} passed, {len(FAILED)} failed", flush=True)
    raise SystemExit(1 if FAILED else 0)


if __name__ == "__main__":
    main()
