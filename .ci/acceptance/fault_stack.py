"""One stack of the fault runs: its deploy.toml, the real process, and what boto3 finds of it."""

import json
import os
import shutil
import subprocess

from clouds import absent_is_none
from fault_proxy import FaultProxy
from repository import REPOSITORY

PATIENCE_S = 400
EXACTLY_ONE = ("functions", "roles", "role policies", "log groups", "pools", "app clients", "resource servers", "domains",
               "APIs", "authorizers", "methods", "stages", "permissions")


class Ended:
    """A finished process, and its output."""

    def __init__(self, code, stdout, stderr):
        self.code, self.stdout, self.stderr = code, stdout.decode(errors="replace"), stderr.decode(errors="replace")

    def __str__(self):
        return f"exit {self.code}: {self.stderr[-1500:]}"


class Stack:
    """A stack with its own name and its own proxy, on a shared cloud."""

    def __init__(self, cloud, deployer, folder, name, bootstrap):
        self.cloud, self.deployer, self.folder, self.name, self.bootstrap = cloud, deployer, folder, name, bootstrap
        self.proxy = FaultProxy(cloud.port, cloud.credentials)
        folder.mkdir()
        cloud.admit(folder, self.proxy.port)
        self.configure()

    def configure(self, changed=False):
        """Writes deploy.toml. The changed one affects code, function, pool, method and stage, so the API is deployed again."""
        model = REPOSITORY / "model"
        function = 'memory_mb = 512\nlog_retention_days = 30\nenvironment = { COLOUR = "green" }\n' if changed else ""
        domain = f'domain = "{self.name}-other"\nscopes = ["train"]\n' if changed else ""
        (self.folder / "deploy.toml").write_text(
            f'name = "{self.name}"\n'
            f'[model]\npath = "{model}/mnist.onnx"\nlabels = "{model}/labels.txt"\ntop_k = {2 if changed else 3}\n'
            f'[function]\nbootstrap = "{self.bootstrap}"\n{function}'
            f"[auth]\n{domain}"
            f"[api]\n{'throttle_rate = 5' if changed else ''}\n")

    def run(self, *args):
        """Runs one command, with the fault that the proxy was given."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder)} | self.cloud.environment(self.proxy.port)
        process = subprocess.Popen(
            [self.deployer, *self.cloud.flags, *args], cwd=self.folder, env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.proxy.process = process
        try:
            stdout, stderr = process.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            stdout, stderr = process.communicate()
            stderr += f"\nstill running after {PATIENCE_S} s".encode()
        return Ended(process.returncode, stdout, stderr)

    def unharmed(self, *args):
        """Runs one command without a fault; returns the calls that it made too."""
        self.proxy.begin()
        ended = self.run(*args)
        return ended, self.proxy.end()

    def faulty(self, args, case, hold_s):
        """Runs one command in which one call meets its fault; returns whether it did too."""
        self.proxy.begin(case.operation, case.occurrence, case.fault, hold_s)
        ended = self.run(*args)
        self.proxy.end()
        return ended, self.proxy.met

    def close(self):
        self.proxy.stop()
        shutil.rmtree(self.folder)

    def counts(self):
        """How many of each resource exist, by name where names are not unique."""
        base = f"{self.name}-dev"
        client = self.cloud.client
        logs, iam, functions, cognito, gateway = map(client, ("logs", "iam", "lambda", "cognito-idp", "apigateway"))
        groups = listed(logs, "describe_log_groups", "logGroups", logGroupNamePrefix=f"/aws/lambda/{base}")
        role = f"{base}-us-east-1"
        policy = absent_is_none(functions.get_policy, FunctionName=base)
        counts = {
            "functions": int(absent_is_none(functions.get_function, FunctionName=base) is not None),
            "roles": int(absent_is_none(iam.get_role, RoleName=role) is not None),
            "role policies": len((absent_is_none(iam.list_role_policies, RoleName=role) or {"PolicyNames": []})["PolicyNames"]),
            "log groups": len(groups),
            "permissions": len(json.loads(policy["Policy"])["Statement"]) if policy else 0,
        }
        pools = [pool["Id"] for pool in listed(cognito, "list_user_pools", "UserPools", MaxResults=60) if pool["Name"] == base]
        apis = [api["id"] for api in listed(gateway, "get_rest_apis", "items") if api["name"] == base]
        resources = [(api, resource) for api in apis for resource in gateway.get_resources(restApiId=api)["items"]]
        described = [cognito.describe_user_pool(UserPoolId=pool)["UserPool"] for pool in pools]
        return counts | {
            "pools": len(pools),
            "domains": sum(1 for pool in described if pool.get("Domain")),
            "app clients": sum(len(cognito.list_user_pool_clients(UserPoolId=pool)["UserPoolClients"]) for pool in pools),
            "resource servers": sum(
                len(cognito.list_resource_servers(UserPoolId=pool, MaxResults=50)["ResourceServers"]) for pool in pools),
            "APIs": len(apis),
            "authorizers": sum(len(gateway.get_authorizers(restApiId=api)["items"]) for api in apis),
            "stages": sum(len(gateway.get_stages(restApiId=api)["item"]) for api in apis),
            "methods": sum(len(resource.get("resourceMethods", {})) for _, resource in resources),
        }

    def wrong(self, up):
        """The counts that are wrong: there must be one of each resource, or nothing at all."""
        return {what: count for what, count in self.counts().items() if count != int(up)}


def listed(client, operation, key, **arguments):
    """All items of a listing, from all pages."""
    return [item for page in client.get_paginator(operation).paginate(**arguments) for item in page[key]]
