//! The listener: binds loopback, hands every request to [`crate::front`], and stops on demand.

use std::{
    fs::{File, OpenOptions},
    io,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::Router;
use rustix::fs::{FlockOperation, flock};
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

/// How long [`Server::stop`] waits for requests that are being answered.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// How to start a local cloud.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where its state lives; made when absent.
    pub dir: PathBuf,
    /// Port on 127.0.0.1; 0 chooses a free one.
    pub port: u16,
    /// Twelve digits.
    pub account_id: String,
    /// How slow and how strict it is.
    pub faults: Faults,
    /// What the caller may do; without one it is the account's root, which may do everything.
    pub policy: Option<Policy>,
}

impl Options {
    /// A free port, the usual account, no faults.
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
        /// Where it was to listen.
        address: SocketAddr,
        /// Why it cannot.
        source: io::Error,
    },
    /// The state belongs to another account.
    #[error("opening {}: it holds account {found}, not {asked}", dir.display())]
    Account {
        /// The folder.
        dir: PathBuf,
        /// The account in it.
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

/// A running local cloud. Dropping it stops it, without waiting for requests that are being answered.
pub struct Server {
    app: Arc<App>,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<io::Result<()>>>,
    /// Held as long as this server may write.
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
    let credentials = Credentials::load_or_make(&options.dir)?;
    store.check_blobs()?;
    store.sweep_blobs()?;

    let asked = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    let refused = |source| StartError::Listen { address: asked, source };
    let listener = TcpListener::bind(asked).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
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
        // An error means that the server was dropped, which stops it as well.
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

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What to sign control-plane requests with.
    pub fn credentials(&self) -> &Credentials {
        &self.app.credentials
    }

    /// What its request handlers see.
    #[cfg(fuzzing)]
    pub(crate) fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// What was asked of the control plane so far, oldest first.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.app.requests.all()
    }

    /// Everything that it remembers, as it is now.
    pub fn state(&self) -> State {
        self.app.cloud.store.read(Clone::clone)
    }

    /// Forgets what was asked so far.
    pub fn clear_requests(&self) {
        self.app.requests.clear();
    }

    /// Holds every call from now on against `policy`; none lets the caller do everything.
    pub fn enforce(&self, policy: Option<Policy>) {
        self.app.cloud.guard.enforce(policy);
    }

    /// The permissions that requests needed so far while a policy was enforced, oldest first.
    pub fn permissions(&self) -> Vec<Permission> {
        self.app.cloud.guard.checked()
    }

    /// What was asked, to look at later too.
    pub fn request_log(&self) -> RequestLog {
        self.app.requests.clone()
    }

    /// The next call of `operation` (such as `CreateRole`) meets `fault`.
    pub fn fail_next(&self, operation: &str, fault: Fault) {
        self.app.faults.arm(operation, fault);
    }

    /// Ends when a call is held, see [`Fault::HoldBeforeEffect`].
    pub async fn held(&self) {
        self.app.faults.held.notified().await;
    }

    /// Ends when the listener fails; else never.
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

    /// Answers what is being answered, ends the functions' processes and stops.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if let Some(mut task) = self.task.take()
            && tokio::time::timeout(STOP_PATIENCE, &mut task).await.is_err()
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

/// Takes the folder for this process alone. The lock ends with the process, however it ends.
fn lock(dir: &Path) -> Result<File, StartError> {
    make_dir(dir)?;
    let path = dir.join("lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
    let file = file.map_err(|source| StoreError::Io { action: "opening", path: path.clone(), source })?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(StartError::Locked { dir: dir.to_owned() }),
        Err(error) => Err(StoreError::Io { action: "locking", path, source: error.into() }.into()),
    }
}
