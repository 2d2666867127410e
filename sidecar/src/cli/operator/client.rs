//! HTTP to the running sidecar, over its control socket.

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::UnixStream;

/// A thousand users with many groups each.
const ANSWER_MAX_BYTES: usize = 16 * 1024 * 1024;
/// Longer than the sidecar waits for its disk.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why there is no answer, or none that was hoped for.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens.
    #[error(
        "no sidecar is listening at {}: is it running, with this configuration, and (where \
         storage.path is relative) started in this directory?",
        std::path::absolute(.0).as_deref().unwrap_or(.0).display()
    )]
    Nobody(PathBuf),
    /// The file belongs to someone else.
    #[error("{}: permission denied; run this as the user that the sidecar runs as", .0.display())]
    Denied(PathBuf),
    /// The socket cannot be used.
    #[error("{}: {source}", path.display())]
    Socket {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The connection broke, or brought something else than was expected.
    #[error("the sidecar at {} did not answer as it should: {what}", path.display())]
    Answer {
        /// Which socket.
        path: PathBuf,
        /// What came instead.
        what: String,
    },
    /// A file with what was to be sent is of no use.
    #[error("{}: {problem}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// It refused.
    #[error("{title}. {detail}{}{hint}", if hint.is_empty() { "" } else { " " })]
    Refused {
        /// Its answer in HTTP's terms.
        status: StatusCode,
        /// What it was, in short.
        title: String,
        /// What may help.
        detail: String,
        /// Where to look what there is instead; empty where nothing helps.
        hint: &'static str,
        /// What it says of each part of what it was sent, where it says so.
        report: Option<Box<Value>>,
    },
    /// It cannot be undone, and nobody was there to be asked.
    #[error("{0}. Nobody can be asked here, without a terminal: say --yes")]
    Unasked(String),
    /// Whoever was asked did not say yes.
    #[error("nothing was done")]
    Declined,
    /// What came cannot be written.
    #[error("the answer could not be written: {0}")]
    Written(#[source] io::Error),
}

/// What shows the things that there are, where one was named that there is not.
fn hint(path: &str, status: StatusCode) -> &'static str {
    if status != StatusCode::NOT_FOUND {
        return "";
    }
    // Of a user: what, and which one.
    let parts = path.strip_prefix("/v1/admin/users/");
    let parts: Option<Vec<&str>> = parts.map(|rest| rest.split('/').skip(1).collect());
    match parts.as_deref() {
        Some(["passkeys", _]) => {
            "`latchkey users list` shows the users, `latchkey users passkeys USER` their passkeys."
        }
        // That there is none may be all.
        Some(["enrolment"]) => "",
        Some(_) => "`latchkey users list` shows the users.",
        None if path.starts_with("/v1/auth/") => "`latchkey mounts list` shows the mounts.",
        None if path.starts_with("/v1/admin/keys/") => "`latchkey keys list` shows the keys.",
        None if path.starts_with("/v1/admin/sessions/") => {
            "`latchkey sessions list` shows the sessions, `latchkey users list` the users."
        }
        None => "",
    }
}

/// What drives a connection.
type Connection = tokio::task::JoinHandle<hyper::Result<()>>;

/// The way to one sidecar.
pub(super) struct Client<'a> {
    socket: &'a Path,
}

impl<'a> Client<'a> {
    pub(super) fn new(socket: &'a Path) -> Self {
        Self { socket }
    }

    pub(super) async fn read(&self, path: &str) -> Result<Value, ClientError> {
        self.send(Method::GET, path, String::new()).await
    }

    pub(super) async fn order(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.send(Method::POST, path, body.to_string()).await
    }

    /// The same, with a body that is JSON already.
    pub(super) async fn order_text(&self, path: &str, body: String) -> Result<Value, ClientError> {
        self.send(Method::POST, path, body).await
    }

    pub(super) async fn patch(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.send(Method::PATCH, path, body.to_string()).await
    }

    pub(super) async fn delete(&self, path: &str) -> Result<Value, ClientError> {
        self.delete_with(path, &json!({})).await
    }

    pub(super) async fn delete_with(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.send(Method::DELETE, path, body.to_string()).await
    }

    async fn send(&self, method: Method, path: &str, body: String) -> Result<Value, ClientError> {
        let exchange = tokio::time::timeout(PATIENCE, self.exchange(method, path, body));
        let (status, body) = exchange
            .await
            .map_err(|_| self.odd(format!("nothing within {} s", PATIENCE.as_secs())))??;
        if status == StatusCode::NO_CONTENT {
            return Ok(Value::Null);
        }
        let answer: Value = serde_json::from_slice(&body)
            .map_err(|_| self.odd(format!("status {status}, and no JSON")))?;
        if status.is_success() {
            return Ok(answer);
        }
        let text = |name: &str| answer[name].as_str().map(str::to_owned);
        match (text("title"), text("detail")) {
            (Some(title), Some(detail)) => Err(ClientError::Refused {
                status,
                title,
                detail,
                hint: hint(path, status),
                report: answer.get("report").cloned().map(Box::new),
            }),
            _ => Err(self.odd(format!("status {status}"))),
        }
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: String,
    ) -> Result<(StatusCode, Bytes), ClientError> {
        let (connection, response) = self.ask(method, path, body).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_MAX_BYTES);
        let body = body.collect().await;
        connection.abort();
        let body = body.map_err(|error| self.odd(error.to_string()))?;
        Ok((status, body.to_bytes()))
    }

    /// Writes an answer of any length to `out` while it comes; how many bytes.
    pub(super) async fn download(
        &self,
        path: &str,
        out: &mut impl Write,
    ) -> Result<u64, ClientError> {
        let (connection, response) = self.ask(Method::GET, path, String::new()).await?;
        if response.status() != StatusCode::OK {
            return Err(self.odd(format!("status {}", response.status())));
        }
        let (mut body, mut bytes) = (response.into_body(), 0_u64);
        loop {
            let frame = tokio::time::timeout(PATIENCE, body.frame()).await;
            let frame = frame.map_err(|_| self.odd("it stopped half-way".to_owned()))?;
            let Some(frame) = frame else { break };
            // A body that breaks off is an error here, so no half document passes for a whole one.
            let frame = frame.map_err(|error| self.odd(error.to_string()))?;
            if let Ok(data) = frame.into_data() {
                out.write_all(&data).map_err(ClientError::Written)?;
                bytes += u64::try_from(data.len()).unwrap_or(u64::MAX);
            }
        }
        connection.abort();
        Ok(bytes)
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: String,
    ) -> Result<(Connection, Response<Incoming>), ClientError> {
        let stream = UnixStream::connect(self.socket)
            .await
            .map_err(|error| self.unreachable(error))?;
        let broken = |error: hyper::Error| self.odd(error.to_string());
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(broken)?;
        let connection = tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| self.odd(error.to_string()))?;
        let response = sender.send_request(request).await.map_err(broken)?;
        Ok((connection, response))
    }

    fn unreachable(&self, error: io::Error) -> ClientError {
        let path = self.socket.to_owned();
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => ClientError::Nobody(path),
            io::ErrorKind::PermissionDenied => ClientError::Denied(path),
            _ => ClientError::Socket {
                path,
                source: error,
            },
        }
    }

    fn odd(&self, what: String) -> ClientError {
        ClientError::Answer {
            path: self.socket.to_owned(),
            what,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_names_what_is_not_there_is_told_what_shows_the_others() {
        let hint = |path| super::hint(path, StatusCode::NOT_FOUND);
        assert!(hint("/v1/admin/users/ann").contains("users list"));
        assert!(hint("/v1/admin/users/ann/disable").contains("users list"));
        assert!(hint("/v1/admin/users/ann/passkeys/x").contains("users passkeys"));
        assert_eq!(hint("/v1/admin/users/ann/enrolment"), "");
        assert!(hint("/v1/auth/staff/config").contains("mounts list"));
        assert!(hint("/v1/admin/keys/x/revoke").contains("keys list"));
        assert!(hint("/v1/admin/sessions/revoke").contains("sessions list"));
        assert_eq!(super::hint("/v1/admin/users/ann", StatusCode::CONFLICT), "");
    }
}
