//! JSON bodies of our own, read strictly: an object, every name known, none twice.

use crate::problem::{Problem, ProblemKind};
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

/// A body that is a JSON object with the fields of `T`. `T` derives `Deserialize` with
/// `deny_unknown_fields`; such a derive refuses duplicate names by itself.
#[derive(Debug)]
pub(super) struct StrictJson<T>(pub(super) T);

/// The body of a request that says all with its path: `{}`, or nothing.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for StrictJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        // Bounded by the layer in front of every endpoint.
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|_| malformed())?;
        parse(&body).map(Self)
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let text = if body.is_empty() { b"{}" } else { body };
    // A derive also reads a struct from an array.
    if text.trim_ascii_start().first() != Some(&b'{') {
        return Err(malformed());
    }
    serde_json::from_slice(text).map_err(|_| malformed())
}

pub(super) fn malformed() -> Problem {
    Problem::new(
        ProblemKind::BadRequest,
        "The body is not the JSON object that is taken here.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Label {
        label: Option<String>,
    }

    #[test]
    fn an_object_with_known_names_is_read() {
        let label = |text: &str| parse::<Label>(text.as_bytes()).ok().map(|body| body.label);
        assert_eq!(
            label(r#"{"label":"blue key"}"#),
            Some(Some("blue key".to_owned()))
        );
        assert_eq!(label(" {} "), Some(None));
        assert_eq!(label(""), Some(None));
    }

    #[test]
    fn everything_else_is_refused() {
        for body in [
            r#"{"label":"a","label":"b"}"#,
            r#"{"label":"a","admin":true}"#,
            r#"{"label":1}"#,
            r#"{"label":"a"} {}"#,
            r#"["a"]"#,
            r#""label""#,
            "null",
            "{",
            "\u{feff}{}",
        ] {
            let refused = parse::<Label>(body.as_bytes()).unwrap_err();
            assert_eq!(refused.kind(), ProblemKind::BadRequest, "{body}");
        }
        assert!(parse::<Label>(b"{\"label\":\"\xff\"}").is_err());
        assert!(parse::<Label>("[".repeat(100_000).as_bytes()).is_err());
        assert!(parse::<Label>(format!("{{\"x\":{}", "[".repeat(60_000)).as_bytes()).is_err());
    }
}
