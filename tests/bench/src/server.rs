//! What the filters call: an authorizer for `ext_authz` that answers at once, and a sidecar that says
//! what was revoked.

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::tokens::{ISSUER, Signer, unix_now};

/// It says who the user is and has nothing to do.
const AUTHORIZED: &[u8] = b"HTTP/1.1 200 OK\r\n\
    x-auth-request-user: 7f8a1d5e-5f5b-4a55-9d7c-000000000000\r\n\
    x-auth-request-email: ann@example.com\r\n\
    x-auth-request-preferred-username: ann\r\n\
    x-auth-request-groups: staff,admins\r\n\
    content-length: 0\r\n\r\n";
/// The authority under which the filter is told of this many revoked sessions, and of none
/// under any other.
pub(crate) const MANY_REVOKED: (&str, usize) = ("many-revoked", 100_000);
/// What the filter takes in one answer.
const PAGE: usize = 2_000;
/// How long a question without news waits, as it does at the real sidecar.
const NO_NEWS: Duration = Duration::from_secs(25);

/// Listens on a free port until the program ends. Lists are signed by the signer of their algorithm,
/// which the authority names.
pub(crate) fn start(es256: Signer, eddsa: Signer) -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    let signers = Arc::new((es256, eddsa));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let signers = Arc::clone(&signers);
            thread::spawn(move || serve(stream, &signers));
        }
    });
    Ok(port)
}

/// Envoy sends one request at a time on a connection, without a body.
fn serve(mut stream: TcpStream, signers: &(Signer, Signer)) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = [0; 16 * 1024];
    let mut filled = 0;
    loop {
        let read = stream.read(buffer.get_mut(filled..).unwrap_or_default())?;
        if read == 0 {
            return Ok(());
        }
        filled += read;
        let text = buffer.get(..filled).unwrap_or_default();
        if !text.ends_with(b"\r\n\r\n") {
            continue;
        }
        if text.starts_with(b"GET /internal/v1/revocations?") {
            let page = revocations(&String::from_utf8_lossy(text), signers);
            write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: application/jwt\r\ncontent-length: {}\r\n\r\n{page}",
                page.len()
            )?;
        } else {
            stream.write_all(AUTHORIZED)?;
        }
        filled = 0;
    }
}

fn revocations(request: &str, (es256, eddsa): &(Signer, Signer)) -> String {
    let (path, head) = request.split_once(" HTTP/1.1\r\n").unwrap_or_default();
    let host = head
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap_or_default();
    let (_, query) = path.split_once('?').unwrap_or_default();
    let parameter = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    };
    let all = if host == MANY_REVOKED.0 {
        MANY_REVOKED.1
    } else {
        0
    };
    let known = parameter("version").and_then(|version| version.parse().ok());
    if known.is_some_and(|known: usize| known >= all) {
        thread::sleep(NO_NEWS);
    }
    let from = known.unwrap_or_default();
    let to = all.min(from + PAGE);
    let until = unix_now() + 3_600;
    // None of them is the session of a token that is sent.
    let sessions = (from..to).map(|n| json!([format!("ffffffff-1a58-4b8e-b1b5-{n:012}"), until]));
    let page = json!({
        "iss": ISSUER, "iat": unix_now(), "nonce": parameter("nonce"), "epoch": "bench",
        "version": to, "more": to < all, "sessions": sessions.collect::<Vec<Value>>(),
        "users": [], "keys": [],
    });
    let signer = if host == "eddsa" { eddsa } else { es256 };
    signer.compact("revocations+jwt", &page)
}
