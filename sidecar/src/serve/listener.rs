//! TCP and Unix sockets behind one face.

use super::connection::Connections;
use crate::config::ListenAddress;
use axum::Router;
use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, UnixListener, UnixStream};

/// When the system has no file descriptors left, accepting again at once would only spin.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(100);

/// An open listener.
pub(super) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, SocketFile),
}

/// Removes the socket's file when the listener ends.
pub(super) struct SocketFile {
    path: PathBuf,
    /// Given back after the file is gone.
    _lock: Option<File>,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Listener {
    pub(super) async fn open(address: &ListenAddress) -> io::Result<Self> {
        match address {
            ListenAddress::Tcp(address) => TcpListener::bind(address).await.map(Self::Tcp),
            ListenAddress::Unix(path) => {
                remove_stale(path).await?;
                let listener = UnixListener::bind(path)?;
                let path = path.clone();
                Ok(Self::Unix(listener, SocketFile { path, _lock: None }))
            }
        }
    }

    /// A Unix socket that nobody but its owner can use, not even for a moment while it is made: it
    /// is made in a directory that only the owner can enter, and then linked to its place. A lock
    /// beside it, held for as long as it is served, keeps it from being taken for a left-over.
    pub(super) async fn open_control(path: &Path) -> io::Result<Self> {
        let lock = lock_beside(path)?;
        remove_stale(path).await?;
        let parent = path.parent().unwrap_or(Path::new("/"));
        let private = parent.join(format!(".lk-{}", std::process::id()));
        match std::fs::remove_dir_all(&private) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        DirBuilder::new().mode(0o700).create(&private)?;
        let made = make_private(&private.join("s"), path);
        std::fs::remove_dir_all(&private)?;
        let file = SocketFile {
            path: path.to_owned(),
            _lock: Some(lock),
        };
        Ok(Self::Unix(made?, file))
    }

    /// Where it really listens: port 0 has become a port.
    pub(super) fn address(&self) -> String {
        match self {
            Self::Tcp(listener) => listener
                .local_addr()
                .map(|it| it.to_string())
                .unwrap_or_default(),
            Self::Unix(_, file) => format!("unix:{}", file.path.display()),
        }
    }

    /// Accepts for ever, never more connections at a time than are allowed.
    pub(super) async fn accept_all(&self, connections: &Connections, router: &Router) {
        loop {
            let permit = connections.permit().await;
            let accepted = match self {
                Self::Tcp(listener) => listener.accept().await.map(|(stream, peer)| {
                    let _ = stream.set_nodelay(true);
                    connections.spawn(stream, peer, router.clone(), permit);
                }),
                // Whoever can open the file is on this machine.
                Self::Unix(listener, _) => listener.accept().await.map(|(stream, _)| {
                    let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                    connections.spawn(stream, peer, router.clone(), permit);
                }),
            };
            if let Err(error) = accepted {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
            }
        }
    }
}

/// Takes an address for a moment, and listens to nobody. A socket's file is looked at when it is opened.
pub(super) fn probe(address: &ListenAddress) -> io::Result<()> {
    let ListenAddress::Tcp(address) = address else {
        return Ok(());
    };
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // As the listener itself: what a program has left behind that just ended is in nobody's way.
    socket.set_reuseaddr(true)?;
    socket.bind(*address)
}

fn make_private(beside: &Path, path: &Path) -> io::Result<UnixListener> {
    let listener = UnixListener::bind(beside)?;
    std::fs::set_permissions(beside, Permissions::from_mode(0o600))?;
    // Unlike a renaming, this never replaces what is there.
    std::fs::hard_link(beside, path)?;
    Ok(listener)
}

/// The lock that says whose the socket is. It ends with the process, however that ends.
fn lock_beside(path: &Path) -> io::Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(name)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(io::Error::from(io::ErrorKind::AddrInUse)),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// A socket file that nobody listens on any more is left over from a program that was killed.
async fn remove_stale(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::FileTypeExt as _;
    match std::fs::symlink_metadata(path) {
        Ok(metadata) if metadata.file_type().is_socket() => {
            if UnixStream::connect(path).await.is_ok() {
                return Err(io::Error::from(io::ErrorKind::AddrInUse));
            }
            std::fs::remove_file(path)
        }
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "exists and is no socket",
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
