//! Entry points for the fuzz targets: everything here that parses untrusted input. Exists under `cfg(fuzzing)` only.
//!
//! Each function takes raw bytes, and panics if it accepts something that it must refuse.

use std::{io::Write as _, path::Path, sync::LazyLock};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, header};
use serde_json::{Map, Value};
use tokio::runtime::Runtime;

use crate::{
    Options, Server, clock,
    credentials::Credentials,
    endpoints::fuzzing as endpoints,
    front, model,
    service::Service,
    services,
    signature::Authorization,
    state::{DEFAULT_ACCOUNT_ID, State, cognito::SigningKey},
    store::StoreError,
};

/// A running local cloud with a stack. Its state is restored after every request.
pub struct Cloud {
    runtime: Runtime,
    server: Server,
    before: State,
    _folder: Folder,
}

impl Cloud {
    /// A cloud with the resources that these control-plane requests create, see [`Self::control_plane`].
    pub fn new(stack: &[&[u8]]) -> Self {
        let folder = Folder::new();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let server = runtime.block_on(crate::start(Options::new(&folder.0))).expect("a server");
        let mut cloud = Self { before: server.state(), runtime, server, _folder: folder };
        for request in stack {
            assert!(cloud.send(request) == Some(true), "{}", String::from_utf8_lossy(request));
            cloud.before = cloud.server.state();
        }
        cloud
    }

    /// Runs a request to the control plane as if it were signed. The first line is the service and the operation (JSON
    /// protocol), the verb and path (REST) or nothing (query protocol): `cognito-idp CreateUserPool`, `lambda GET
    /// /2015-03-31/functions/f`, `iam`. The rest is the body.
    pub fn control_plane(&self, data: &[u8]) {
        if self.send(data) == Some(true) {
            let before = self.before.clone();
            let restored = self.server.app().cloud.store.write::<_, StoreError>(|state| {
                *state = before;
                Ok(())
            });
            restored.expect("the state is written");
        }
    }

    /// Whether the request succeeded; `None` if the data is not a request.
    fn send(&self, data: &[u8]) -> Option<bool> {
        let (head, body) = split(data, b"\n")?;
        let mut words = str::from_utf8(head).ok()?.split(' ');
        let name = words.next()?;
        let service = Service::by_scope(name)?;
        let (first, second) = (words.next().unwrap_or("POST"), words.next().unwrap_or("/"));
        let request = match service.target_prefix() {
            Some(prefix) => Request::post("/").header("x-amz-target", format!("{prefix}.{first}")),
            None => Request::builder().method(first).uri(second),
        };
        let (parts, ()) = request.body(()).ok()?.into_parts();
        let app = self.server.app();
        let body = Bytes::copy_from_slice(body);
        let (operation, request) = front::decode(service, DEFAULT_ACCOUNT_ID, "us-east-1".into(), parts, body).ok()?;
        // Do not run functions.
        if operation.has_payload {
            return None;
        }
        let findings = model::check(&request);
        if findings.error(service.protocol(), service.validation_code()).is_some() {
            return Some(false);
        }
        Some(self.runtime.block_on(front::execute(&app.cloud, &app.quotas, operation, request)).is_ok())
    }

    /// Sends a raw request to the data plane: request line, headers, an empty line, the body. The fuzzer has no token
    /// and no secret, so only key sets may be returned.
    pub fn data_plane(&self, data: &[u8]) {
        let Some(request) = request(data) else { return };
        let path = request.uri().path().to_owned();
        let response = self.runtime.block_on(self.server.app().endpoints.handle(request));
        let is_public = path.contains("/.well-known/");
        assert!(is_public || !response.status().is_success(), "{path} returned {}", response.status());
    }
}

/// Verifies a raw signed request. Its signature was not made with the secret, so it must be refused.
pub fn sigv4(data: &[u8]) {
    let credentials = Credentials {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
    };
    let Some(request) = request(data) else { return };
    let (parts, body) = request.into_parts();
    if let Ok(authorization) = Authorization::read(&parts.headers) {
        // Only the documented example has a valid signature, and it has expired.
        assert!(authorization.verify(&credentials, &parts, &body).is_err());
    }
}

/// The first byte chooses what the rest is: an `Authorization` header, claims to sign, or claims to sign and then
/// corrupt.
pub fn jwt(data: &[u8]) {
    static KEY: LazyLock<SigningKey> = LazyLock::new(|| services::generate_key("kid".to_owned()).expect("a key"));
    let Some((&mode, data)) = data.split_first() else { return };
    if mode % 3 == 0 {
        assert!(!endpoints::accepts(&KEY, &headers(data)), "accepted an unsigned header");
        return;
    }
    let Ok(claims) = serde_json::from_slice::<Map<String, Value>>(data) else { return };
    let Some(token) = endpoints::sign(&KEY, &claims) else { return };
    if mode % 3 == 1 {
        let accepted = endpoints::accepts(&KEY, &headers(token.as_bytes()));
        let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
        let is_alive = claims.get("exp").and_then(Value::as_u64).is_some_and(|exp| exp >= clock::now_s());
        let has_scope = text("scope").split(' ').any(|scope| scope == endpoints::SCOPE);
        let is_valid = is_alive && has_scope && text("token_use") == "access" && text("iss") == endpoints::ISSUER;
        assert!(!accepted || is_valid, "{claims:?}");
        return;
    }
    let hash = data.iter().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)));
    let mut corrupted = token.clone().into_bytes();
    let at = hash % corrupted.len();
    corrupted[at] = if corrupted[at] == b'A' { b'B' } else { b'A' };
    assert!(!endpoints::accepts(&KEY, &headers(&corrupted)), "accepted a token with byte {at} changed");
}

/// Unpacks a function's zip. Nothing may be written outside of its folder.
pub fn function_zip(data: &[u8]) {
    let folder = Folder::new();
    let (archive, into) = (folder.0.join("code.zip"), folder.0.join("in/it"));
    std::fs::File::create(&archive).and_then(|mut file| file.write_all(data)).expect("the file is written");
    std::fs::create_dir(folder.0.join("in")).expect("a folder");
    let _ = endpoints::unpack(&archive, &into);
    for (parent, names) in [(folder.0.as_path(), ["code.zip", "in"].as_slice()), (&folder.0.join("in"), &["it"])] {
        for entry in std::fs::read_dir(parent).expect("a folder") {
            let name = entry.expect("an entry").file_name();
            assert!(names.iter().any(|known| name == **known), "{name:?} was written outside");
        }
    }
}

fn headers(authorization: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(authorization) {
        headers.insert(header::AUTHORIZATION, value);
    }
    headers
}

/// Parses a raw request, if it is one.
fn request(data: &[u8]) -> Option<Request<Bytes>> {
    let (head, body) = split(data, b"\n\n")?;
    let mut lines = head.split(|byte| *byte == b'\n');
    let line = str::from_utf8(lines.next()?).ok()?;
    let (verb, target) = line.split_once(' ')?;
    let mut request = Request::builder().method(verb).uri(target);
    for line in lines {
        let (name, value) = split(line, b":")?;
        request = request.header(name, value.trim_ascii());
    }
    request.body(Bytes::copy_from_slice(body)).ok()
}

fn split<'a>(data: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let start = data.windows(at.len()).position(|window| window == at)?;
    Some((&data[..start], &data[start + at.len()..]))
}

/// A temporary folder, removed when dropped.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new() -> Self {
        use std::sync::atomic::{AtomicU64, Ordering};
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("local-aws-fuzz-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(Path::new(&self.0));
    }
}
