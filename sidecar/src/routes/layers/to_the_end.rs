//! Requests that go on when whoever sent them goes away.
//!
//! A handler is dropped, wherever it waits, when its connection ends. What takes two steps, such as
//! disabling a user and ending their sessions, would then stop between them.

use super::panicked;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;

/// Runs what is within to its end. Only for those who were let in: strangers could leave work behind.
pub(crate) async fn to_the_end(request: Request, next: Next) -> Response {
    let work = tokio::spawn(next.run(request).in_current_span());
    work.await.unwrap_or_else(|gone| panicked(Box::new(gone)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::middleware::from_fn;
    use axum::routing::post;
    use axum::{Extension, Router};
    use std::sync::Arc;
    use tokio::sync::Notify;
    use tower::ServiceExt as _;

    /// The first step waits for one, the second one tells the other.
    #[derive(Clone, Default)]
    struct Steps(Arc<Notify>, Arc<Notify>);

    async fn two_steps(Extension(Steps(first, second)): Extension<Steps>) {
        first.notified().await;
        second.notify_one();
    }

    async fn fails() {
        assert_eq!(1, 2, "a fault of ours");
    }

    #[tokio::test(start_paused = true)]
    async fn the_second_step_comes_when_nobody_waits_for_it() {
        let steps = Steps::default();
        let router = Router::new()
            .route("/", post(two_steps))
            .route("/fails", post(fails))
            .layer(Extension(steps.clone()))
            .layer(from_fn(to_the_end));
        let send = |path: &str| {
            let request = Request::post(path).body(Body::empty()).unwrap();
            router.clone().oneshot(request)
        };
        let moment = std::time::Duration::from_millis(1);
        let left = tokio::time::timeout(moment, send("/")).await;
        assert!(left.is_err(), "gone after the first step");
        steps.0.notify_one();
        let told = tokio::time::timeout(moment, steps.1.notified()).await;
        assert!(told.is_ok(), "the second step came");
        let failed = send("/fails").await.unwrap();
        assert_eq!(failed.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
