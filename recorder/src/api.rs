//! The API beside a recorder or over a store that nobody writes: its listeners, its token, its end.

use std::{
    fmt::Write as _,
    fs,
    io::{IsTerminal as _, Write as _},
    net::SocketAddr,
    os::unix::fs::DirBuilderExt as _,
    path::Path,
    process::{Child, ExitStatus},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result};
use query_api::{AppState, AuditLog, Door, Listener, Live, Role, app, listen_on, serve};
use rustix::{process::setpriority_process, thread::gettid};
use store::Store;
use tokio::{
    net::{TcpListener, UnixListener},
    runtime::{Builder, Runtime},
    signal::unix::{SignalKind, signal},
};

use crate::{command, group, stats::Stats, token};

/// Threads of the API: it must never take the recorder's share of a small machine.
const THREADS: usize = 2;
/// Threads that read the store for it: few, since each keeps memory of its own that the allocator does not give back.
const READERS: usize = 6;
/// How often the program of `record -- CMD` is looked after.
const LOOK: Duration = Duration::from_millis(20);

/// The nice value of the API's threads: on a busy machine the recorder's come first.
const NICE: i32 = 5;

/// Bound addresses, before anything is served: a port that is taken is known before the probes are loaded. No thread is
/// started yet, so that what the caller gives up holds for all of them.
pub struct Listeners {
    tcp: std::net::TcpListener,
    address: SocketAddr,
    unix: Option<std::os::unix::net::UnixListener>,
    door: Door,
    token: Option<String>,
    audit: Option<Arc<AuditLog>>,
}

/// Where to listen, and who may come.
#[derive(Clone, Copy, Debug)]
pub struct Listening<'a> {
    /// The address.
    pub listen: SocketAddr,
    /// The socket.
    pub socket: Option<&'a Path>,
    /// A group that may use the socket.
    pub group: Option<&'a str>,
    /// No token is asked for.
    pub no_auth: bool,
}

impl Listeners {
    /// Binds the address and the socket, makes or reads the token in `dir` unless it is waived, and opens the log of who
    /// asked there.
    ///
    /// # Errors
    /// If one of them is taken or cannot be made.
    pub fn bind(dir: &Path, to: Listening<'_>) -> Result<Self> {
        let Listening { listen, socket, group, no_auth } = to;
        let group = group.map(group::id).transpose()?;
        let tcp = std::net::TcpListener::bind(listen)
            .with_context(|| format!("cannot listen on {listen} (another --listen, perhaps with port 0?)"))?;
        let address = tcp.local_addr().context("the address listened on is not known")?;
        tcp.set_nonblocking(true).context("the address cannot be waited on")?;
        let token = if no_auth { None } else { Some(token::read_or_make(dir)?) };
        let door = match &token {
            Some(_) => Door::with_token_file(address, dir.join("token")),
            None => Door::without_token(address)?,
        };
        let unix = socket
            .map(|path| {
                if let Some(parent) = path.parent() {
                    fs::DirBuilder::new()
                        .recursive(true)
                        .mode(0o755)
                        .create(parent)
                        .with_context(|| format!("cannot make {}", parent.display()))?;
                }
                listen_on(path, group).map_err(anyhow::Error::from)
            })
            .transpose()?;
        let audit = AuditLog::open(dir)
            .inspect_err(|error| {
                tracing::warn!(dir = %dir.display(), %error, "who asks is not logged: no log can be kept there");
            })
            .ok();
        Ok(Self { tcp, address, unix, door, token, audit: audit.map(Arc::new) })
    }

    /// Where it is, with the token on a terminal only: logs are read by more people than root.
    pub fn announce(&self, what: &str) {
        let mut err = std::io::stderr().lock();
        let token = match &self.token {
            Some(token) if err.is_terminal() => format!("/?token={token}"),
            _ => String::new(),
        };
        // A closed standard error is no reason to stop.
        let _ = writeln!(err, "tachograph: {what}; http://{}{token}", self.address);
    }

    /// Serves until SIGTERM or SIGINT, or until `child` has ended; then answers under way get a moment.
    ///
    /// # Errors
    /// If signals cannot be waited for.
    pub fn run(self, state: AppState, child: Option<Child>) -> Result<Option<ExitStatus>> {
        let Self { tcp, unix, door, audit, .. } = self;
        let runtime = runtime()?;
        let state = match audit {
            Some(log) => state.with_audit(log),
            None => state,
        };
        let result = runtime.block_on(async {
            let tcp = TcpListener::from_std(tcp).context("the address cannot be waited on")?;
            let unix =
                unix.map(UnixListener::from_std).transpose().context("the socket cannot be waited on")?;
            let mut doors = vec![(Listener::Tcp(tcp), app(state.clone().with_door(door)))];
            doors.extend(unix.map(|unix| (Listener::Unix(unix), app(state.with_door(Door::socket())))));
            let (tell, told) = tokio::sync::oneshot::channel::<()>();
            let serving = tokio::spawn(serve(doors, async {
                // An error means that the other end is gone, which is the end too.
                let _ = told.await;
            }));
            let status = wait(child).await;
            drop(tell);
            let _ = serving.await;
            status
        });
        runtime.shutdown_timeout(Duration::from_millis(500));
        result
    }
}

/// Threads of the API alone, which give way to the recorder's.
fn runtime() -> Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(THREADS)
        .max_blocking_threads(READERS)
        .thread_name("tacho-api")
        .on_thread_start(|| {
            if let Err(error) = setpriority_process(Some(gettid()), NICE) {
                tracing::debug!(%error, "a thread of the API does not give way");
            }
        })
        .enable_all()
        .build()
        .context("cannot start the API's threads")
}

/// Waits for a signal or the child. The child gets the terminal's SIGINT itself; SIGTERM is passed on.
async fn wait(child: Option<Child>) -> Result<Option<ExitStatus>> {
    let mut term = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    let mut int = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
    let Some(mut child) = child else {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        return Ok(None);
    };
    loop {
        if let Some(status) = child.try_wait().context("cannot wait for the program")? {
            return Ok(Some(status));
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = int.recv() => {}
            _ = term.recv() => {
                let pid = rustix::process::Pid::from_child(&child);
                // It may have ended in this moment.
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            }
        }
    }
}

/// Serves the recorder's store while `command` runs, or until told to stop; returns the exit status.
///
/// # Errors
/// If the program cannot be started or signals cannot be waited for.
pub fn run_beside(
    listeners: Listeners,
    reader: Store,
    stats: Arc<Stats>,
    command: &[std::ffi::OsString],
) -> Result<u8> {
    let state = AppState::new(reader, Role::Recording).with_live(Arc::new(LiveStats(stats)));
    let child = if command.is_empty() { None } else { Some(command::start(command)?) };
    let status = listeners.run(state, child)?;
    Ok(status.map_or(0, command::status))
}

/// The recorder's numbers for the API.
struct LiveStats(Arc<Stats>);

impl Live for LiveStats {
    fn ready(&self) -> bool {
        true
    }

    fn stats(&self) -> serde_json::Value {
        serde_json::to_value(self.0.report()).unwrap_or_default()
    }

    fn metrics(&self, out: &mut String) {
        let report = self.0.report();
        let mut counter = |name: &str, help: &str, values: &[(&str, u64)]| {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "# HELP tachograph_{name} {help}\n# TYPE tachograph_{name} counter");
            for (labels, value) in values {
                let _ = writeln!(out, "tachograph_{name}{labels} {value}");
            }
        };
        let by_class = |of: crate::stats::ByClass| {
            [
                (r#"{class="process"}"#, of.process),
                (r#"{class="file"}"#, of.file),
                (r#"{class="network"}"#, of.network),
                (r#"{class="kernel"}"#, of.kernel),
                (r#"{class="packet"}"#, of.packet),
            ]
        };
        counter("records_total", "Records read from the probes.", &by_class(report.records));
        counter("records_lost_total", "Records that found no room in their ring.", &by_class(report.lost));
        counter("own_calls_total", "Calls of the recorder itself, left out.", &[("", report.own_left_out)]);
        counter(
            "compat_calls_total",
            "Calls that only the x32 table has, seen but not decoded.",
            &[("", report.compat_not_decoded)],
        );
        let rules: Vec<_> = report
            .left_out
            .iter()
            .filter_map(|(rule, count)| Some((format!("{{rule={}}}", serde_json::json!(rule)), (*count)?)))
            .collect();
        let rules: Vec<_> = rules.iter().map(|(rule, count)| (rule.as_str(), *count)).collect();
        counter("left_out_total", "Records left out by the rules of the configuration.", &rules);
        let executables = &report.provenance;
        counter(
            "executables_total",
            "Executables that were looked at, by what came of it.",
            &[
                (r#"{result="hashed"}"#, executables.hashed),
                (r#"{result="too_big"}"#, executables.too_big),
                (r#"{result="not_found"}"#, executables.not_found),
                (r#"{result="failed"}"#, executables.failed),
                (r#"{result="over_budget"}"#, executables.over_budget),
                (r#"{result="queue_full"}"#, executables.queue_full),
                (r#"{result="remote_left_out"}"#, executables.remote_left_out),
            ],
        );
        counter("hashed_bytes_total", "Bytes read to hash executables.", &[("", executables.bytes)]);
        counter(
            "dns_unread_total",
            "Messages to name servers without a question that can be read.",
            &[("", report.dns_unread)],
        );
        counter(
            "socket_options_left_out_total",
            "setsockopt calls of options that do not matter for security.",
            &[("", report.socket_options_left_out)],
        );
        counter(
            "requests_unfinished_total",
            "Requests through io_uring of which the result is not known.",
            &[("", report.requests_unfinished)],
        );
        counter("undecodable_total", "Records that could not be understood.", &[("", report.undecodable)]);
        counter("events_committed_total", "Events committed to the store.", &[("", report.committed)]);
        counter(
            "events_refused_total",
            "Events lost because the store refused them.",
            &[("", report.refused_by_store)],
        );
        counter(
            "processes_unknown_total",
            "Records of processes that nothing introduced.",
            &[("", report.processes_unknown)],
        );
    }
}
