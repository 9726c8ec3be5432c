//! Shared test fixtures: a cloud with hand-made state and a function that really runs.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Cursor, Write as _},
    sync::{Arc, OnceLock},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{HeaderMap, Method as HttpMethod, Request as HttpRequest, Response};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{
    cloud::Cloud,
    endpoints::Endpoints,
    faults::Faults,
    operation::{Operation, Wire},
    policy::Guard,
    request::Request,
    services,
    state::{
        Region, State,
        apigateway::{Authorizer, Deployment, Integration, Method, Resource, RestApi, Snapshot, Stage},
        cognito::{AppClient, Domain, ResourceServer, SigningKey, UserPool},
        lambda::{Function, Statement, Version},
        logs::LogGroup,
    },
    store::{Store, StoreError},
};

pub(crate) const REGION: &str = "eu-west-1";
pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const FUNCTION: &str = "digits";
pub(crate) const LOG_GROUP: &str = "/aws/lambda/digits";
pub(crate) const SECRET: &str = "secret-of-the-client";
pub(crate) const HOST: &str = "abc123.execute-api.eu-west-1.amazonaws.com";

/// A cloud with a deployed stack, whose function is `bootstrap.py`.
pub(crate) struct World {
    pub(crate) cloud: Arc<Cloud>,
    pub(crate) endpoints: Endpoints,
    pub(crate) dir: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), ACCOUNT).unwrap();
        let cloud = Arc::new(Cloud::new(store, Guard::default(), Faults::default()));
        let world = Self { endpoints: Endpoints::new(Arc::clone(&cloud)), cloud, dir };
        let code = world.put_code(&[("bootstrap", include_str!("bootstrap.py"), 0o755)]);
        world.change(|state| *state.region_mut(REGION) = stack(&code));
        world
    }

    /// Changes the state.
    pub(crate) fn change(&self, change: impl FnOnce(&mut State)) {
        let changed: Result<(), StoreError> = self.cloud.store.write(|state| {
            change(state);
            Ok(())
        });
        changed.unwrap();
    }

    /// Changes the function's configuration.
    pub(crate) fn configure(&self, change: impl FnOnce(&mut Version)) {
        self.change(|state| change(&mut state.region_mut(REGION).functions.get_mut(FUNCTION).unwrap().latest));
    }

    /// Changes the API's deployed snapshot.
    pub(crate) fn change_deployed(&self, change: impl FnOnce(&mut Snapshot)) {
        self.change(|state| {
            let api = state.region_mut(REGION).apis.get_mut("abc123").unwrap();
            change(&mut api.deployments.get_mut("d1").unwrap().snapshot);
        });
    }

    /// Stores a zip of these files (name, text, mode), and returns its SHA-256.
    pub(crate) fn put_code(&self, files: &[(&str, &str, u32)]) -> String {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text, mode) in files {
            zip.start_file(*name, SimpleFileOptions::default().unix_permissions(*mode)).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        self.cloud.store.put_blob(&zip.finish().unwrap().into_inner()).unwrap()
    }

    pub(crate) async fn send(&self, request: HttpRequest<Bytes>) -> Response<Bytes> {
        self.endpoints.handle(request).await
    }

    /// Posts JSON to the API with this Authorization header.
    pub(crate) async fn post(&self, path: &str, authorization: &str) -> Response<Bytes> {
        let request = HttpRequest::post(path).header("host", HOST).header("content-type", "application/json");
        self.send(request.header("authorization", authorization).body(Bytes::from_static(b"{}")).unwrap()).await
    }

    /// Gets a new access token for the client.
    pub(crate) async fn token(&self) -> String {
        let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("client:{SECRET}")));
        let request = HttpRequest::post("/oauth2/token")
            .header("host", "digits.auth.eu-west-1.amazoncognito.com")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("authorization", basic)
            .body(Bytes::from_static(b"grant_type=client_credentials"));
        document(&self.send(request.unwrap()).await)["access_token"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn document(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

/// Two keys, generated once: generating one takes up to a second.
pub(crate) fn keys() -> &'static [SigningKey; 2] {
    static KEYS: OnceLock<[SigningKey; 2]> = OnceLock::new();
    KEYS.get_or_init(|| ["one", "two"].map(|kid| services::generate_key(kid.to_owned()).unwrap()))
}

pub(crate) fn object(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn pool(id: &str, prefix: &str, key: &SigningKey) -> UserPool {
    let client = AppClient {
        id: "client".to_owned(),
        name: "machine".to_owned(),
        secret: Some(SECRET.to_owned()),
        settings: object(&json!({
            "AllowedOAuthFlows": ["client_credentials"],
            "AllowedOAuthFlowsUserPoolClient": true,
            "AllowedOAuthScopes": ["digits/predict", "digits/admin"],
            "AccessTokenValidity": 5,
            "TokenValidityUnits": { "AccessToken": "minutes" },
        })),
        created_ms: 0,
        modified_ms: 0,
    };
    let scopes = ["predict", "admin"].map(|scope| (scope.to_owned(), String::new()));
    let server =
        ResourceServer { identifier: "digits".to_owned(), name: "digits".to_owned(), scopes: BTreeMap::from(scopes) };
    UserPool {
        id: id.to_owned(),
        name: "digits".to_owned(),
        deletion_protection: "INACTIVE".to_owned(),
        settings: Map::new(),
        immutable: Map::new(),
        domain: Some(Domain { prefix: prefix.to_owned(), active_from_ms: 0 }),
        resource_servers: BTreeMap::from([(server.identifier.clone(), server)]),
        clients: BTreeMap::from([(client.id.clone(), client)]),
        users: BTreeSet::new(),
        tags: BTreeMap::new(),
        key: key.clone(),
        created_ms: 0,
        modified_ms: 0,
    }
}

fn method(verb: &str, scopes: &[&str]) -> Method {
    let function = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{FUNCTION}");
    Method {
        http_method: verb.to_owned(),
        authorization_type: "COGNITO_USER_POOLS".to_owned(),
        authorizer_id: Some("auth".to_owned()),
        authorization_scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        api_key_required: false,
        operation_name: None,
        responses: BTreeMap::new(),
        integration: Some(Integration {
            kind: "AWS_PROXY".to_owned(),
            http_method: Some("POST".to_owned()),
            uri: Some(format!("arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function}/invocations")),
            credentials: None,
            passthrough_behavior: "WHEN_NO_MATCH".to_owned(),
            content_handling: None,
            timeout_ms: 29_000,
            request_templates: BTreeMap::new(),
            responses: BTreeMap::new(),
        }),
    }
}

pub(crate) fn snapshot() -> Snapshot {
    let methods = [method("POST", &["digits/predict", "digits/other"]), method("GET", &[])];
    let methods = methods.map(|method| (method.http_method.clone(), method));
    let predict = Resource {
        id: "r1".to_owned(),
        parent_id: Some("r0".to_owned()),
        path_part: Some("predict".to_owned()),
        path: "/predict".to_owned(),
        methods: BTreeMap::from(methods),
    };
    let authorizer = Authorizer {
        id: "auth".to_owned(),
        name: "pool".to_owned(),
        kind: "COGNITO_USER_POOLS".to_owned(),
        provider_arns: vec![format!("arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/eu-west-1_Own")],
        identity_source: Some("method.request.header.Authorization".to_owned()),
        identity_validation_expression: None,
        result_ttl_s: 300,
    };
    Snapshot {
        binary_media_types: vec!["image/png".to_owned()],
        resources: BTreeMap::from([(predict.id.clone(), predict)]),
        authorizers: BTreeMap::from([(authorizer.id.clone(), authorizer)]),
        gateway_responses: BTreeMap::new(),
    }
}

fn stack(code: &str) -> Region {
    let deployment = Deployment { id: "d1".to_owned(), description: None, snapshot: snapshot(), created_ms: 0 };
    let stage = Stage {
        name: "dev".to_owned(),
        deployment_id: "d1".to_owned(),
        description: None,
        variables: BTreeMap::new(),
        method_settings: BTreeMap::new(),
        tags: BTreeMap::new(),
        created_ms: 0,
        modified_ms: 0,
    };
    let api = RestApi {
        id: "abc123".to_owned(),
        name: "digits".to_owned(),
        description: None,
        endpoint_type: "REGIONAL".to_owned(),
        disable_execute_api_endpoint: false,
        minimum_compression_size: None,
        current: Snapshot::default(),
        deployments: BTreeMap::from([(deployment.id.clone(), deployment)]),
        stages: BTreeMap::from([(stage.name.clone(), stage)]),
        tags: BTreeMap::new(),
        created_ms: 0,
    };
    let [own, other] = keys();
    let pools = [pool("eu-west-1_Own", "digits", own), pool("eu-west-1_Other", "other", other)];
    let group = LogGroup { name: LOG_GROUP.to_owned(), retention_days: None, tags: BTreeMap::new(), created_ms: 0 };
    let function = function(code);
    Region {
        apis: BTreeMap::from([(api.id.clone(), api)]),
        pools: pools.map(|pool| (pool.id.clone(), pool)).into_iter().collect(),
        functions: BTreeMap::from([(function.name.clone(), function)]),
        log_groups: BTreeMap::from([(LOG_GROUP.to_owned(), group)]),
    }
}

/// A function with that code.
pub(crate) fn function(code: &str) -> Function {
    let latest = Version {
        role: String::new(),
        runtime: "provided.al2023".to_owned(),
        handler: "bootstrap".to_owned(),
        description: String::new(),
        timeout_s: 20,
        memory_mb: 128,
        architecture: "x86_64".to_owned(),
        environment: BTreeMap::from([("TOP_K".to_owned(), "3".to_owned())]),
        log_group: None,
        log_format: "Text".to_owned(),
        code_sha256_hex: code.to_owned(),
        code_sha256: String::new(),
        code_size: 0,
        revision_id: String::new(),
        last_modified_ms: 0,
    };
    let permission = Statement {
        sid: "api".to_owned(),
        action: "lambda:InvokeFunction".to_owned(),
        principal: "apigateway.amazonaws.com".to_owned(),
        source_arn: Some(format!("arn:aws:execute-api:{REGION}:{ACCOUNT}:abc123/*/*/predict")),
        source_account: None,
    };
    Function {
        name: FUNCTION.to_owned(),
        arn: format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{FUNCTION}"),
        latest,
        previous: None,
        active_from_ms: 0,
        updated_from_ms: 0,
        versions: BTreeMap::new(),
        reserved_concurrency: None,
        policy: vec![permission],
        tags: BTreeMap::new(),
    }
}

/// A request for the operation, without any input.
pub(crate) fn request_of(operation: &Operation) -> Request {
    let method = match operation.wire {
        Wire::Rest { method, .. } => HttpMethod::from_bytes(method.as_bytes()).unwrap(),
        Wire::Target | Wire::Action => HttpMethod::POST,
    };
    Request {
        service: operation.service,
        operation: operation.name,
        region: REGION.to_owned(),
        account_id: ACCOUNT.to_owned(),
        method,
        segments: Vec::new(),
        labels: Vec::new(),
        query: Vec::new(),
        headers: HeaderMap::new(),
        document: Map::new(),
        body: Bytes::new(),
        now_ms: 0,
    }
}
