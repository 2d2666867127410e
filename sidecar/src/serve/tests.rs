//! The bounds of a connection, over real sockets.

use super::*;
use axum::extract::ConnectInfo;
use axum::routing::get;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::{Notify, oneshot};

/// Both listeners on free ports, stopped by the sender.
struct Running {
    public: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: tokio::task::JoinHandle<()>,
}

async fn start(public: Router) -> Running {
    let loopback = ListenAddress::Tcp(SocketAddr::from(([127, 0, 0, 1], 0)));
    let listen = Listen {
        public: loopback.clone(),
        internal: loopback,
        ..Listen::default()
    };
    let listeners = Listeners::open(&listen, None).await.unwrap();
    let public_address = listeners.public.address().parse().unwrap();
    let (stop, stopped) = oneshot::channel();
    let routers = Routers {
        public,
        internal: Router::new(),
        control: Router::new(),
    };
    let ended = tokio::spawn(listeners.serve(routers, async {
        let _ = stopped.await;
    }));
    Running {
        public: public_address,
        stop,
        ended,
    }
}

async fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

fn who() -> Router {
    Router::new().route(
        "/who",
        get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() }),
    )
}

const WHO: &str = "GET /who HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn the_peers_address_reaches_the_handlers() {
    let running = start(who()).await;
    let answer = exchange(running.public, WHO).await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("127.0.0.1"),
        "{answer}"
    );
}

#[tokio::test]
async fn too_large_a_head_is_refused() {
    let running = start(who()).await;
    let cookie = "c".repeat(2 * 1024 * 1024);
    let answer = exchange(
        running.public,
        &WHO.replace("host: a", &format!("host: a\r\ncookie: {cookie}")),
    )
    .await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );
    let many = "x: y\r\n".repeat(200);
    let answer = exchange(running.public, &WHO.replace("host: a\r\n", &many)).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_brings_no_request_is_closed() {
    let running = start(who()).await;
    for begun in ["", "G", "GET /who HTTP/1.1\r\nhost: a\r\nx: "] {
        // Ends only because the server closes: the clock moves by itself when all else waits.
        assert_eq!(exchange(running.public, begun).await, "", "{begun:?}");
    }
}

#[tokio::test]
async fn stopping_finishes_what_is_under_way_and_takes_nothing_new() {
    let (reached, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (in_handler, released) = (Arc::clone(&reached), Arc::clone(&release));
    let slow = Router::new().route(
        "/slow",
        get(move || async move {
            in_handler.notify_one();
            released.notified().await;
            "done"
        }),
    );
    let running = start(slow).await;
    let address = running.public;
    let request =
        tokio::spawn(
            async move { exchange(address, "GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await },
        );
    let idle = TcpStream::connect(address).await.unwrap();
    reached.notified().await;
    running.stop.send(()).unwrap();
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    release.notify_one();
    assert!(request.await.unwrap().ends_with("done"));
    drop(idle);
    running.ended.await.unwrap();
}

#[tokio::test]
async fn a_taken_port_is_named_with_its_key() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = Listen {
        public: ListenAddress::Tcp(SocketAddr::from(([127, 0, 0, 1], 0))),
        internal: ListenAddress::Tcp(taken.local_addr().unwrap()),
        ..Listen::default()
    };
    let error = Listeners::open(&listen, None)
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(error.starts_with("listen.internal = 127.0.0.1:"), "{error}");
}

#[tokio::test]
async fn a_unix_socket_serves_and_a_stale_file_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("internal.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let address = ListenAddress::Unix(path.clone());
    let listener = Listener::open(&address).await.unwrap();
    let second = Listener::open(&address).await.err().unwrap();
    assert_eq!(second.kind(), std::io::ErrorKind::AddrInUse);
    let connections = Connections::new();
    let router = who();
    let client = async {
        let mut stream = UnixStream::connect(&path).await.unwrap();
        stream.write_all(WHO.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    tokio::select! {
        () = listener.accept_all(&connections, &router) => unreachable!(),
        answer = client => assert!(answer.ends_with("127.0.0.1"), "{answer}"),
    }
    drop(listener);
    assert!(!path.exists());
    std::fs::write(&path, "not a socket").unwrap();
    assert!(Listener::open(&address).await.is_err());
    assert!(path.exists(), "what is no socket is left alone");
}

#[tokio::test]
async fn the_control_socket_is_its_owners_alone_and_nobody_elses_is_taken() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("control.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let listener = Listener::open_control(&path).await.unwrap();
    let mode = path.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let second = Listener::open_control(&path).await.err().unwrap();
    assert_eq!(second.kind(), std::io::ErrorKind::AddrInUse);
    assert!(UnixStream::connect(&path).await.is_ok(), "still served");
    drop(listener);
    assert!(!path.exists());
    let left: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "the lock alone: {left:?}");

    // Someone who knows nothing of the lock.
    let other = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let refused = Listener::open_control(&path).await.err().unwrap();
    assert_eq!(refused.kind(), std::io::ErrorKind::AddrInUse);
    drop(other);
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "not a socket").unwrap();
    assert!(Listener::open_control(&path).await.is_err());
    assert!(path.exists());
}
