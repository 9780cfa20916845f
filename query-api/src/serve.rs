//! Listening: HTTP/1.1 on TCP and Unix sockets, bounded, with an end.

use std::future::Future;
use std::io;
use std::os::unix::net::{UnixListener as StdUnixListener, UnixStream as StdUnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rustix::fs::{Gid, Mode};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;

use crate::limits::{HEAD_PATIENCE, MAX_CONNECTIONS, MAX_HEAD, MAX_HEADERS, SHUTDOWN_PATIENCE};
use crate::patience::Patient;
use crate::peer::Peer;

/// Connections that the kernel keeps waiting.
const BACKLOG: i32 = 128;
/// Rest after an accept that failed for want of descriptors.
const ACCEPT_REST: Duration = Duration::from_millis(50);

/// Where to listen.
#[derive(Debug)]
pub enum Listener {
    /// An address.
    Tcp(TcpListener),
    /// A socket file, as [`bind_socket`] makes it.
    Unix(UnixListener),
}

/// A socket that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Somebody answers there.
    #[error("somebody listens on {} already: stop it, or choose another --socket", .0.display())]
    InUse(PathBuf),
    /// There is something else by that name, which is left alone.
    #[error("{} is there and is no socket: remove it, or choose another --socket", .0.display())]
    NotASocket(PathBuf),
    /// The system refused.
    #[error("cannot listen on {}", .path.display())]
    Io {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Listens on a socket file that only its owner may use. Needs a tokio runtime.
///
/// # Errors
/// See [`SocketError`].
pub fn bind_socket(path: &Path) -> Result<UnixListener, SocketError> {
    let socket = listen_on(path, None)?;
    UnixListener::from_std(socket).map_err(|source| SocketError::Io { path: path.to_owned(), source })
}

/// Listens on a socket file that only its owner may use (0600 from its first moment on), and then this group, if one is
/// named (0660). A file left by a dead server is replaced.
///
/// # Errors
/// See [`SocketError`].
pub fn listen_on(path: &Path, group: Option<u32>) -> Result<StdUnixListener, SocketError> {
    remove_stale(path)?;
    let io = |source: io::Error| SocketError::Io { path: path.to_owned(), source };
    let bind = || -> rustix::io::Result<_> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        // Linux makes the file with the socket's mode (unix(7)): there is no moment in which it is open to others.
        rustix::fs::fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
        rustix::net::bind(&socket, &SocketAddrUnix::new(path)?)?;
        if let Some(group) = group {
            // The group first: no other one is let in meanwhile.
            rustix::fs::chown(path, None, Some(Gid::from_raw(group)))?;
            rustix::fs::chmod(path, Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::WGRP)?;
        }
        rustix::net::listen(&socket, BACKLOG)?;
        Ok(socket)
    };
    let socket = bind().map_err(|errno| io(errno.into()))?;
    Ok(socket.into())
}

fn remove_stale(path: &Path) -> Result<(), SocketError> {
    use std::os::unix::fs::FileTypeExt as _;
    let io = |source| SocketError::Io { path: path.to_owned(), source };
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(io(error)),
        Ok(found) if !found.file_type().is_socket() => Err(SocketError::NotASocket(path.to_owned())),
        Ok(_) => match StdUnixStream::connect(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                std::fs::remove_file(path).map_err(io)
            }
            Err(error) => Err(io(error)),
            Ok(_) => Err(SocketError::InUse(path.to_owned())),
        },
    }
}

/// Serves each router on its listener until `shutdown` is done; then no more connections are taken, and answers
/// under way get two seconds.
pub async fn serve(doors: Vec<(Listener, Router)>, shutdown: impl Future<Output = ()>) {
    let graceful = Arc::new(GracefulShutdown::new());
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut listening = tokio::task::JoinSet::new();
    for (listener, router) in doors {
        let (graceful, places) = (graceful.clone(), places.clone());
        listening.spawn(async move {
            match listener {
                Listener::Tcp(listener) => {
                    let next = || async {
                        let (stream, address) = listener.accept().await?;
                        // Without it the last part of an answer waits for the reader's delayed acknowledgement, 40 ms.
                        let _ = stream.set_nodelay(true);
                        Ok((stream, Some(Peer::Address { address })))
                    };
                    accept(next, &router, &graceful, &places).await;
                }
                Listener::Unix(listener) => {
                    let next = || async {
                        let (stream, _) = listener.accept().await?;
                        let who = stream.peer_cred().ok();
                        let peer = who.map(|who| Peer::Program { uid: who.uid(), pid: who.pid() });
                        Ok((stream, peer))
                    };
                    accept(next, &router, &graceful, &places).await;
                }
            }
        });
    }
    shutdown.await;
    listening.shutdown().await;
    if let Some(graceful) = Arc::into_inner(graceful)
        && tokio::time::timeout(SHUTDOWN_PATIENCE, graceful.shutdown()).await.is_err()
    {
        tracing::warn!("answers under way were broken off at shutdown");
    }
}

async fn accept<S, F>(
    next: impl Fn() -> F,
    router: &Router,
    graceful: &GracefulShutdown,
    places: &Arc<Semaphore>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Future<Output = io::Result<(S, Option<Peer>)>>,
{
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let (stream, peer) = match next().await {
            Ok(next) => next,
            Err(error) => {
                // A connection that is gone already, or no descriptors left: neither ends the server.
                tracing::debug!(%error, "a connection could not be taken");
                tokio::time::sleep(ACCEPT_REST).await;
                continue;
            }
        };
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_PATIENCE)
            .max_buf_size(MAX_HEAD)
            .max_headers(MAX_HEADERS)
            .serve_connection(TokioIo::new(Patient::new(stream)), answering(router.clone(), peer));
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke");
            }
            drop(place);
        });
    }
}

/// The router, told who asks.
fn answering(router: Router, peer: Option<Peer>) -> TowerToHyperService<Router> {
    let router = match peer {
        Some(peer) => router.layer(axum::Extension(peer)),
        None => router,
    };
    TowerToHyperService::new(router)
}
