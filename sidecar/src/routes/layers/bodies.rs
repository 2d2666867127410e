//! Bodies, whole before anything looks at them: of bounded size, within a bounded time.
//!
//! One that does not come holds a connection of the listener all the while. So only some can be
//! waited for, and few of one network; whatever is sent whole needs no place among them.

use crate::model::{network, site};
use crate::problem::{Problem, ProblemKind};
use crate::routes::limits::leave;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::BodyExt as _;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// The longest body: a registration with an attestation chain has some 10 KB.
const BODY_MAX_BYTES: usize = 64 * 1024;

/// Of a body that is too long, up to as many times the longest is read and dropped before it is
/// answered: a gateway in the middle of sending would take the answer for a broken connection, and
/// tell 503 to whoever could have mended it. Beyond that, nobody is waited for.
const TAKEN_IN: usize = 4;

/// What a gateway passes on in one piece has come by then.
const AT_ONCE: Duration = Duration::from_millis(100);

/// How long a client may take beyond that.
const DEADLINE: Duration = Duration::from_secs(10);

/// As many can be waited for: half of the connections of a listener.
const WAITING: usize = 512;

/// As many of one network: people on bad lines, all at once.
const WAITING_PER_NETWORK: usize = 64;

/// As many of one site of IPv6, which has thousands of networks.
const WAITING_PER_SITE: usize = 128;

/// Who is waited for.
#[derive(Debug, Default)]
pub struct Bodies(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    all: usize,
    by_network: HashMap<IpAddr, usize>,
    by_site: HashMap<IpAddr, usize>,
}

/// Given back when it is dropped.
struct Place<'a> {
    bodies: &'a Bodies,
    address: IpAddr,
}

impl Bodies {
    /// The request with its body read to the end.
    pub(super) async fn whole(
        &self,
        address: IpAddr,
        request: Request,
    ) -> Result<Request, Problem> {
        let (parts, body) = request.into_parts();
        let body = self.read(address, body).await?;
        Ok(Request::from_parts(parts, Body::from(body)))
    }

    async fn read(&self, address: IpAddr, body: Body) -> Result<Bytes, Problem> {
        let mut whole = Box::pin(read(body, BODY_MAX_BYTES));
        if let Ok(come) = timeout(AT_ONCE, &mut whole).await {
            return come;
        }
        let _place = self
            .place(address)
            .ok_or_else(|| crate::routes::too_many(crate::model::Seconds(1)))?;
        timeout(DEADLINE, whole)
            .await
            .unwrap_or_else(|_| Err(late()))
    }

    fn place(&self, address: IpAddr) -> Option<Place<'_>> {
        let mut waiting = self.lock();
        let (network, site) = (network(address), site(address));
        let here = waiting.by_network.get(&network).copied().unwrap_or(0);
        let of_site = site.and_then(|site| waiting.by_site.get(&site));
        if waiting.all >= WAITING
            || here >= WAITING_PER_NETWORK
            || of_site.is_some_and(|of_site| *of_site >= WAITING_PER_SITE)
        {
            return None;
        }
        waiting.all += 1;
        waiting.by_network.insert(network, here + 1);
        if let Some(site) = site {
            *waiting.by_site.entry(site).or_default() += 1;
        }
        Some(Place {
            bodies: self,
            address,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut waiting = self.bodies.lock();
        waiting.all = waiting.all.saturating_sub(1);
        leave(&mut waiting.by_network, &network(self.address));
        if let Some(site) = site(self.address) {
            leave(&mut waiting.by_site, &site);
        }
    }
}

/// For the internal listener, whose clients are trusted to be few: no body is waited for for ever.
pub(crate) async fn in_time(request: Request, next: Next) -> Result<Response, Problem> {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(next.run(request).await);
    }
    let (parts, body) = request.into_parts();
    let body = read_body(body, BODY_MAX_BYTES, DEADLINE).await?;
    Ok(next.run(Request::from_parts(parts, Body::from(body))).await)
}

/// The whole body, of `most` bytes, if it comes in time.
pub(crate) async fn read_body(
    body: Body,
    most: usize,
    deadline: Duration,
) -> Result<Bytes, Problem> {
    let whole = timeout(deadline, read(body, most)).await;
    whole.unwrap_or_else(|_| Err(late()))
}

async fn read(mut body: Body, most: usize) -> Result<Bytes, Problem> {
    let too_large = || {
        let detail = format!("A body has at most {} KB here.", most / 1024);
        Problem::new(ProblemKind::TooLarge, detail)
    };
    let taken_in = most.saturating_mul(TAKEN_IN);
    // What is announced need not be waited for.
    let announced = http_body::Body::size_hint(&body).lower();
    if usize::try_from(announced).is_ok_and(|announced| announced > taken_in) {
        return Err(too_large());
    }
    let (mut whole, mut come) = (Vec::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let broke_off = |_| Problem::new(ProblemKind::BadRequest, "The body broke off.");
        let Ok(data) = frame.map_err(broke_off)?.into_data() else {
            continue;
        };
        come = come.saturating_add(data.len());
        if come > taken_in {
            return Err(too_large());
        }
        if come <= most {
            whole.extend_from_slice(&data);
        } else {
            whole = Vec::new();
        }
    }
    if come > most {
        return Err(too_large());
    }
    Ok(whole.into())
}

fn late() -> Problem {
    Problem::new(ProblemKind::Timeout, "Send the body at once.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn v4(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up() {
        let refused = Bodies::default().read(v4(1), never()).await.unwrap_err();
        assert_eq!(refused.kind(), ProblemKind::Timeout);
    }

    #[tokio::test]
    async fn the_cap_is_exact() {
        let bodies = Bodies::default();
        let body = |bytes: usize| Body::from(vec![b' '; bytes]);
        let whole = bodies.read(v4(1), body(BODY_MAX_BYTES)).await;
        assert_eq!(whole.unwrap().len(), BODY_MAX_BYTES);
        let refused = bodies.read(v4(1), body(BODY_MAX_BYTES + 1)).await;
        assert_eq!(refused.unwrap_err().kind(), ProblemKind::TooLarge);
    }

    /// Whoever is in the middle of sending one that is not much too long gets to its end first.
    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_too_long_is_taken_in_before_it_is_refused_but_not_without_end() {
        let bodies = Bodies::default();
        let sent = async |pieces: usize| {
            let (mut sender, body) = http_body_util::channel::Channel::<Bytes>::new(1);
            let (answer, sent) = tokio::join!(bodies.read(v4(1), Body::new(body)), async move {
                for sent in 0..pieces {
                    let piece = Bytes::from(vec![b' '; BODY_MAX_BYTES]);
                    if sender.send_data(piece).await.is_err() {
                        return sent;
                    }
                }
                pieces
            });
            assert_eq!(answer.unwrap_err().kind(), ProblemKind::TooLarge);
            sent
        };
        assert_eq!(sent(2).await, 2);
        assert_eq!(sent(TAKEN_IN).await, TAKEN_IN);
        assert!(sent(100).await <= TAKEN_IN + 2);
    }

    #[tokio::test(start_paused = true)]
    async fn few_of_one_network_are_waited_for_and_whole_bodies_need_no_place() {
        let bodies = Arc::new(Bodies::default());
        let wait = |network: IpAddr| {
            let bodies = Arc::clone(&bodies);
            tokio::spawn(async move { bodies.read(network, never()).await.unwrap_err().kind() })
        };
        let mut held: Vec<_> = (0..WAITING_PER_NETWORK).map(|_| wait(v4(1))).collect();
        tokio::time::sleep(2 * AT_ONCE).await;
        assert_eq!(wait(v4(1)).await.unwrap(), ProblemKind::TooMany);
        assert!(bodies.read(v4(1), Body::from("{}")).await.is_ok());
        // From many networks of one subscriber.
        let of_site = |n: usize| {
            let bits = (0x2001_0db8_u128 << 96) | ((n as u128) << 64);
            IpAddr::V6(bits.into())
        };
        held.extend((0..WAITING_PER_SITE).map(|n| wait(of_site(n))));
        tokio::time::sleep(2 * AT_ONCE).await;
        assert_eq!(wait(of_site(9_999)).await.unwrap(), ProblemKind::TooMany);
        // From many networks: the rest of the connections is for those that hold none.
        let more = (2..=u8::MAX).flat_map(|n| [v4(n); 2]).map(wait);
        held.extend(more);
        tokio::time::sleep(2 * AT_ONCE).await;
        assert_eq!(bodies.lock().all, WAITING);
        assert!(bodies.read(v4(9), Body::from("{}")).await.is_ok());
        for given_up in held {
            let kind = given_up.await.unwrap();
            assert!(matches!(kind, ProblemKind::Timeout | ProblemKind::TooMany));
        }
        assert_eq!(bodies.lock().all, 0);
        let waiting = bodies.lock();
        assert!(waiting.by_network.is_empty() && waiting.by_site.is_empty());
    }

    /// A body whose only frame never comes.
    fn never() -> Body {
        struct Never;
        impl http_body::Body for Never {
            type Data = Bytes;
            type Error = std::convert::Infallible;
            fn poll_frame(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
                std::task::Poll::Pending
            }
        }
        Body::new(Never)
    }
}
