"""Checks requests on the wire against AWS's API models: botocore's validator, and the limits that it omits.

It uses no code of ours: the models and the first validator are botocore's, the Unicode classes of patterns Python's.
Run alone, it tests itself with good and bad requests.
"""

import base64
import functools
import json
import re
import sys
import unicodedata
import urllib.parse

import boto3
import botocore.config
import botocore.session
import botocore.validate

SERVICES = ("apigateway", "cognito-idp", "iam", "lambda", "logs", "sts")


class ModelCheck:
    """The models, read once."""

    def __init__(self):
        session = botocore.session.Session()
        self.models = {service: session.get_service_model(service) for service in SERVICES}
        self.validator = botocore.validate.ParamValidator()

    def violations(self, service, method, path, headers, body):
        """The violations of a request: names and constraints, never values, which may be secret."""
        if service not in self.models:
            return [f"{service}: not one of our services"]
        model = self.models[service]
        try:
            operation, params, unknown = decode(model, method, path, headers, body)
        except (LookupError, ValueError) as error:
            return [f"{service} {method} {path.split('?')[0]}: {error}"]
        found = list(unknown)
        if operation.input_shape is not None:
            report = self.validator.validate(params, operation.input_shape)
            found += [f"{name or 'input'}: {reason} {info.get('required_name', '')}".strip() for reason, name, info in report._errors]
            found += limits(params, operation.input_shape, "")
        return [f"{service} {operation.name}: {what}" for what in found]


def decode(model, method, path, headers, body):
    """Operation and parameters of a request, and its unknown members."""
    protocol = model.metadata["protocol"]
    if protocol == "query":
        form = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
        operation = model.operation_model(form["Action"])
        fields = {key: value for key, value in form.items() if key not in ("Action", "Version")}
        params = from_form(operation.input_shape, fields, "") if operation.input_shape else {}
        return operation, params, [f"{key}: is unknown" for key in fields]
    if protocol == "json":
        operation = model.operation_model(headers["X-Amz-Target"].split(".")[-1])
        return operation, from_json(operation.input_shape, json.loads(body or b"{}")), []
    return rest(model, method, path, headers, body)


def rest(model, method, path, headers, body):
    """The same for REST services, from path, query string, headers and body."""
    bare, _, query = path.partition("?")
    operation, labels = route(model, method, bare)
    shape, params, unknown = operation.input_shape, {}, []
    if shape is None:
        return operation, params, unknown
    asked = urllib.parse.parse_qs(query, keep_blank_values=True)
    document = {} if shape.serialization.get("payload") or not body else json.loads(body)
    for name, member in shape.members.items():
        location, wire = member.serialization.get("location"), member.serialization.get("name", name)
        if location == "uri":
            params[name] = from_text(member, labels[wire])
        elif location == "querystring" and wire in asked:
            values = asked.pop(wire)
            params[name] = values if member.type_name == "list" else from_text(member, values[0])
        elif location == "header" and headers.get(wire) is not None:
            params[name] = from_text(member, headers.get(wire))
        elif location is None and wire in document:
            params[name] = from_json(member, document.pop(wire))
    unknown += [f"{name} in the query string: is unknown" for name in asked]
    unknown += [f"{name} in the body: is unknown" for name in document]
    return operation, params, unknown


def route(model, method, path):
    """The operation with this verb and path, and the path's labels; the most literal one wins."""
    found = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        uri = http["requestUri"].split("?")[0].rstrip("/")
        pattern = re.sub(r"\\{(\w+)(\\\+)?\\}", lambda label: f"(?P<{label[1]}>{'.+' if label[2] else '[^/]+'})", re.escape(uri))
        match = re.fullmatch(pattern, path.rstrip("/"))
        if http["method"] == method and match:
            labels = {label: urllib.parse.unquote(value) for label, value in match.groupdict().items()}
            found.append((len(labels), name, labels))
    if not found:
        raise LookupError("no operation has this verb and path")
    _, name, labels = min(found)
    return model.operation_model(name), labels


def from_json(shape, value):
    """A JSON value with the model's member names, and with bytes where the model has them. What does not fit is unchanged."""
    if shape is None or value is None:
        return value
    if shape.type_name == "structure" and isinstance(value, dict):
        names = {member.serialization.get("name", name): name for name, member in shape.members.items()}
        fields = {names.get(wire, wire): field for wire, field in value.items() if field is not None}
        return {name: from_json(shape.members.get(name), field) for name, field in fields.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [from_json(shape.member, item) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: from_json(shape.value, field) for key, field in value.items()}
    if shape.type_name == "blob" and isinstance(value, str):
        return base64.b64decode(value, validate=True)
    return value


def from_text(shape, text):
    """A scalar from text. If it cannot be read it stays text, which its type then refuses."""
    try:
        if shape.type_name in ("integer", "long"):
            return int(text)
        if shape.type_name in ("float", "double"):
            return float(text)
    except ValueError:
        return text
    if shape.type_name == "boolean":
        return {"true": True, "false": False}.get(text, text)
    return text


def from_form(shape, fields, prefix):
    """A value of the query protocol; the fields it reads are removed from `fields`."""
    if shape.type_name == "structure":
        start = f"{prefix}." if prefix else ""
        present = [name for name in shape.members if any(key == start + name or key.startswith(f"{start}{name}.") for key in fields)]
        return {name: from_form(shape.members[name], fields, start + name) for name in present}
    if shape.type_name == "list":
        if fields.pop(prefix, None) == "":
            return []
        numbers = {key[len(prefix) + 8:].split(".")[0] for key in fields if key.startswith(f"{prefix}.member.")}
        return [from_form(shape.member, fields, f"{prefix}.member.{number}") for number in sorted(numbers, key=int)]
    return from_text(shape, fields.pop(prefix))


def limits(value, shape, path):
    """What botocore's validator leaves to the service: maximum, pattern, enum."""
    found = []
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, field in value.items():
            if name in shape.members:
                found += limits(field, shape.members[name], f"{path}.{name}")
        return found
    if shape.type_name == "list" and isinstance(value, list):
        for item in value:
            found += limits(item, shape.member, f"{path}[]")
    elif shape.type_name == "map" and isinstance(value, dict):
        for key, field in value.items():
            found += limits(key, shape.key, f"{path} (key)") + limits(field, shape.value, f"{path} (value)")
    size = value if isinstance(value, (int, float)) else len(value)
    most = shape.metadata.get("max")
    if most is not None and size > most:
        found.append(f"{path}: more than {most}")
    if isinstance(value, str):
        pattern = shape._shape_model.get("pattern")
        if pattern and not compiled(pattern).fullmatch(value):
            found.append(f"{path}: not of the pattern {pattern}")
        enum = shape.metadata.get("enum", [value])
        if value not in enum:
            found.append(f"{path}: none of {', '.join(enum)}")
    return found


@functools.cache
def unicode_classes():
    """The characters of each general category, as a character class."""
    ranges = {}
    for number in range(sys.maxunicode + 1):
        of = ranges.setdefault(unicodedata.category(chr(number))[0], [])
        if of and of[-1][1] == number - 1:
            of[-1][1] = number
        else:
            of.append([number, number])
    return {kind: "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in of) for kind, of in ranges.items()}


@functools.cache
def compiled(pattern):
    """A Java pattern for Python's engine. `\\w`, `\\s` and `\\d` are ASCII in Java."""
    return re.compile(re.sub(r"\\p\{(\w)\}", lambda kind: unicode_classes()[kind[1]], pattern), re.ASCII)


def self_test():
    """Every bad request is found, and no good one. boto3 writes them, with its own validation off."""
    check = ModelCheck()
    seen = []

    def ask(service, operation, **params):
        client = boto3.client(
            service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y",
            config=botocore.config.Config(parameter_validation=False, retries={"max_attempts": 0}))

        def catch(request, **_):
            path = request.url.split("/", 3)[3]
            headers = {key: value.decode() if isinstance(value, bytes) else value for key, value in request.headers.items()}
            body = request.body.encode() if isinstance(request.body, str) else request.body or b""
            seen.append(check.violations(service, request.method, f"/{path}", headers, body))
            raise InterruptedError

        client.meta.events.register("before-send", catch)
        try:
            getattr(client, operation)(**params)
        except InterruptedError:
            pass
        return seen[-1]

    trust = '{"Version":"2012-10-17"}'
    permission = {"FunctionName": "f", "StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "*"}
    good = [
        ("iam", "create_role", {"RoleName": "r", "AssumeRolePolicyDocument": trust, "Tags": [{"Key": "a:b", "Value": "\u00e4"}]}),
        ("iam", "untag_role", {"RoleName": "r", "TagKeys": ["a", "b"]}),
        ("sts", "get_caller_identity", {}),
        ("lambda", "create_function", {"FunctionName": "f", "Role": "arn:aws:iam::123456789012:role/r", "Code": {"ZipFile": b"x"}}),
        ("lambda", "add_permission", permission),
        ("lambda", "invoke", {"FunctionName": "f", "InvocationType": "DryRun", "Payload": b"no json"}),
        ("lambda", "untag_resource", {"Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "TagKeys": ["a"]}),
        ("logs", "create_log_group", {"logGroupName": "/aws/lambda/f", "tags": {"a": "1"}}),
        ("cognito-idp", "create_user_pool", {"PoolName": "p", "UserPoolTags": {"a": "1"}}),
        ("apigateway", "create_rest_api", {"name": "a", "endpointConfiguration": {"types": ["REGIONAL"]}}),
        ("apigateway", "get_resources", {"restApiId": "a", "limit": 500, "embed": ["methods"]}),
        ("apigateway", "put_integration", {"restApiId": "a", "resourceId": "r", "httpMethod": "POST", "type": "AWS_PROXY", "integrationHttpMethod": "POST"}),
        ("apigateway", "tag_resource", {"resourceArn": "arn:aws:apigateway:us-east-1::/restapis/a", "tags": {"a": "1"}}),
    ]
    bad = [
        ("iam", "create_role", {"RoleName": "a b", "AssumeRolePolicyDocument": trust}),
        ("iam", "create_role", {"RoleName": "r"}),
        ("iam", "create_role", {"RoleName": "r", "AssumeRolePolicyDocument": trust, "MaxSessionDuration": 1}),
        ("iam", "tag_role", {"RoleName": "r", "Tags": [{"Key": "a!", "Value": "x"}]}),
        ("lambda", "create_function", {"FunctionName": "f", "Role": "r", "Code": {}}),
        ("lambda", "create_function", {"FunctionName": "f", "Role": "arn:aws:iam::123456789012:role/r", "Code": {}, "Timeout": "3"}),
        ("lambda", "add_permission", permission | {"StatementId": "a b"}),
        ("lambda", "list_functions", {"MaxItems": 10001}),
        ("logs", "create_log_group", {"logGroupName": "a" * 513}),
        ("cognito-idp", "create_user_pool", {"PoolName": "p", "MfaConfiguration": "MAYBE"}),
        ("apigateway", "put_integration", {"restApiId": "a", "resourceId": "r", "httpMethod": "POST", "type": "LAMBDA"}),
    ]
    wrong = [(case[:2], found) for case in good if (found := ask(case[0], case[1], **case[2]))]
    wrong += [(case[:2], "nothing found") for case in bad if not ask(case[0], case[1], **case[2])]
    raw = check.violations("logs", "POST", "/", {"X-Amz-Target": "Logs_20140328.DeleteLogGroup"}, b'{"logGroupName":"g","force":true}')
    wrong += [] if len(raw) == 1 and "unknown" in raw[0] else [("an unknown member", raw)]
    for case in wrong:
        print("  FAIL ", *case)
    print(f"{len(good) + len(bad) + 1 - len(wrong)} passed, {len(wrong)} failed")
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    self_test()
