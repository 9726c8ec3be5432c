//! The server: listens on loopback, passes every request to [`crate::front`], and stops on request.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::Router;

use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{
    cloud::Cloud,
    credentials::Credentials,
    endpoints::Endpoints,
    faults::{Fault, FaultPlan, Faults},
    front::{self, App},
    policy::{Guard, Permission, Policy},
    request_log::{RequestLog, RequestRecord},
    state::{DEFAULT_ACCOUNT_ID, State},
    store::{Store, StoreError, make_dir},
    token_buckets::TokenBuckets,
};

/// How long [`Server::stop`] waits for requests in flight.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// How to start a local cloud.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder of its state; created if absent.
    pub dir: PathBuf,
    /// Port on 127.0.0.1; 0 chooses a free one.
    pub port: u16,
    /// The AWS account, twelve digits.
    pub account_id: String,
    /// Delays and rate limits.
    pub faults: Faults,
    /// What the caller may do. Without a policy the caller is the account's root user, who may do everything.
    pub policy: Option<Policy>,
}

impl Options {
    /// A free port, the default account, no faults and no policy.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            port: 0,
            account_id: DEFAULT_ACCOUNT_ID.to_owned(),
            faults: Faults::default(),
            policy: None,
        }
    }
}

/// Why a local cloud cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another server uses the same folder.
    #[error("starting the local cloud: another one is running on {}", dir.display())]
    Locked {
        /// The folder.
        dir: PathBuf,
    },
    /// The port is taken or not allowed.
    #[error("listening on {address}: {source}")]
    Listen {
        /// The address that it tried to listen on.
        address: SocketAddr,
        /// The error of the system.
        source: io::Error,
    },
    /// The state belongs to another account.
    #[error("opening {}: it holds account {found}, not {asked}", dir.display())]
    Account {
        /// The folder.
        dir: PathBuf,
        /// The account of the state.
        found: String,
        /// The account in the options.
        asked: String,
    },
    /// The account is not twelve digits.
    #[error("starting the local cloud: account {0:?} is not twelve digits")]
    AccountId(String),
    /// The state cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A running local cloud. Dropping it stops it without waiting for requests in flight.
pub struct Server {
    app: Arc<App>,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<io::Result<()>>>,
    /// Locked for as long as this server may write.
    _lock: File,
}

/// Starts a local cloud.
pub async fn start(options: Options) -> Result<Server, StartError> {
    if options.account_id.len() != 12 || !options.account_id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(StartError::AccountId(options.account_id));
    }
    let lock = lock(&options.dir)?;
    let store = Store::open(&options.dir, &options.account_id)?;
    let found = store.read(|state| state.account_id.clone());
    if found != options.account_id {
        return Err(StartError::Account { dir: options.dir, found, asked: options.account_id });
    }
    let credentials = Credentials::load_or_create(&options.dir)?;
    store.check_blobs()?;
    store.sweep_blobs()?;

    let requested = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    let failed = |source| StartError::Listen { address: requested, source };
    let listener = TcpListener::bind(requested).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let cloud = Arc::new(Cloud::new(store, Guard::new(options.policy), options.faults.clone()));
    cloud.functions.open();
    let app = Arc::new(App {
        endpoints: Endpoints::new(Arc::clone(&cloud)),
        cloud,
        credentials,
        account_id: options.account_id,
        port: address.port(),
        faults: FaultPlan::new(options.faults),
        quotas: TokenBuckets::default(),
        requests: RequestLog::default(),
    });

    let (stop, mut stopped) = watch::channel(false);
    let router = Router::new().fallback(front::serve).with_state(Arc::clone(&app));
    let serving = axum::serve(listener, router).with_graceful_shutdown(async move {
        // An error means that the server was dropped: stop then too.
        let _ = stopped.wait_for(|stop| *stop).await;
    });
    let task = tokio::spawn(async move { serving.await });
    Ok(Server { app, address, stop, task: Some(task), _lock: lock })
}

impl Server {
    /// `http://127.0.0.1:<port>`
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The credentials that sign control-plane requests.
    pub fn credentials(&self) -> &Credentials {
        &self.app.credentials
    }

    /// The shared state of the request handlers.
    #[cfg(fuzzing)]
    pub(crate) fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// The control-plane requests so far, oldest first.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.app.requests.all()
    }

    /// A copy of the current state.
    pub fn state(&self) -> State {
        self.app.cloud.store.read(Clone::clone)
    }

    /// Clears the log of requests.
    pub fn clear_requests(&self) {
        self.app.requests.clear();
    }

    /// Checks every request from now on against `policy`; `None` allows everything.
    pub fn enforce(&self, policy: Option<Policy>) {
        self.app.cloud.guard.enforce(policy);
    }

    /// The permissions that requests needed while a policy was enforced, oldest first.
    pub fn permissions(&self) -> Vec<Permission> {
        self.app.cloud.guard.checked()
    }

    /// The log of requests; it stays readable after the server has stopped.
    pub fn request_log(&self) -> RequestLog {
        self.app.requests.clone()
    }

    /// Injects `fault` into the next request of `operation`, such as `CreateRole`.
    pub fn fail_next(&self, operation: &str, fault: Fault) {
        self.app.faults.arm(operation, fault);
    }

    /// Waits until a request is held, see [`Fault::HoldBeforeEffect`].
    pub async fn held(&self) {
        self.app.faults.held.notified().await;
    }

    /// Waits until the listener fails; otherwise never returns.
    pub async fn join(&mut self) -> io::Result<()> {
        match &mut self.task {
            None => Ok(()),
            Some(task) => {
                let ended = task.await.map_err(io::Error::other).and_then(|result| result);
                self.task = None;
                ended
            }
        }
    }

    /// Finishes requests in flight, kills the functions' processes, and stops.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if let Some(mut task) = self.task.take()
            && tokio::time::timeout(STOP_TIMEOUT, &mut task).await.is_err()
        {
            task.abort();
        }
        self.app.cloud.functions.shutdown();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
            self.app.cloud.functions.shutdown();
        }
    }
}

/// Locks the folder for this process. The system releases the lock when the process ends, however it ends.
fn lock(dir: &Path) -> Result<File, StartError> {
    make_dir(dir)?;
    let path = dir.join("lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
    let file = file.map_err(|source| StoreError::Io { action: "opening", path: path.clone(), source })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError::Locked { dir: dir.to_owned() }),
        Err(TryLockError::Error(source)) => Err(StoreError::Io { action: "locking", path, source }.into()),
    }
}
