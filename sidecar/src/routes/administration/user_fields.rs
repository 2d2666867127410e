//! What an administrator can write about a user, checked.

use super::refusal::bad;
use crate::model::{Reason, Seconds, UserChange};
use crate::problem::Problem;
use crate::routes::passkey::label;
use crate::storage::MOST_NAMES;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer};

/// Characters of one of them.
const NAME_MAX_CHARS: usize = 64;
/// All of them in one list; what a user has in all is judged by the store.
const NAMES_MAX_BYTES: usize = 2_400;
/// RFC 5321, section 4.5.3.1.3, less the angle brackets.
const EMAIL_MAX_BYTES: usize = 254;
/// What a span is.
const SPAN: &str = "seconds, or a text like \"10m\" or \"12h\"";
/// Ten years: longer than anything here is.
const LONGEST: u64 = 10 * 365 * 86_400;

/// The fields of a body. Absent: stays as it is. Every other name is refused, those that only the
/// program sets (`id`, `created_at`, `passkeys`) included.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UserFields {
    /// Only where a user is made.
    pub(super) name: Option<String>,
    display_name: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    email: Given,
    groups: Option<Vec<String>>,
    /// Beside the groups that there are.
    #[serde(default)]
    add_groups: Vec<String>,
    /// From the groups that there are.
    #[serde(default)]
    remove_groups: Vec<String>,
    token_policies: Option<Vec<String>>,
    token_ttl: Option<Span>,
    token_max_ttl: Option<Span>,
    token_period: Option<Span>,
    must_register_passkey: Option<bool>,
    disabled: Option<bool>,
    /// Only where a user is made: whether a link to enrol is wanted.
    pub(super) enroll: Option<bool>,
}

/// A new user: the fields of one, with the name.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what `POST /v1/admin/users` takes")]
pub(super) struct NewUser {
    /// Begins with a letter or digit; also `.`, `-`, `_`, `@` and `+`.
    #[schema(min_length = 1, max_length = 64)]
    name: String,
    #[serde(flatten)]
    fields: UserFields,
}

/// An address: kept, taken away by a `null` that is there, or set.
#[derive(Debug, Default)]
enum Given {
    #[default]
    Absent,
    Nothing,
    Text(String),
}

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Option::deserialize(deserializer)?;
        Ok(text.map_or(Self::Nothing, Self::Text))
    }
}

/// Seconds as a number, or as `"10m"`; 0 stands for "as for everyone".
#[derive(Debug, utoipa::ToSchema)]
#[serde(untagged)]
pub(super) enum Span {
    Seconds(u64),
    Text(String),
}

/// By hand: what is neither is refused in words that say what belongs there.
impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Span;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(SPAN)
            }

            fn visit_u64<E>(self, seconds: u64) -> Result<Span, E> {
                Ok(Span::Seconds(seconds))
            }

            fn visit_str<E>(self, text: &str) -> Result<Span, E> {
                Ok(Span::Text(text.to_owned()))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl Span {
    fn read(&self, name: &str) -> Result<Option<Seconds>, Problem> {
        limit(name, self.seconds().unwrap_or(u64::MAX)).map_err(bad)
    }

    pub(super) fn seconds(&self) -> Option<u64> {
        match self {
            Self::Seconds(seconds) => Some(*seconds),
            Self::Text(text) => parse_span(text),
        }
    }
}

/// A limit of one user's; 0 stands for "as for everyone".
pub(super) fn limit(name: &str, seconds: u64) -> Result<Option<Seconds>, Reason> {
    match seconds {
        0 => Ok(None),
        seconds if seconds <= LONGEST => Ok(Some(Seconds(seconds))),
        _ => Err(Reason::expected(name, SPAN)),
    }
}

pub(super) fn parse_span(text: &str) -> Option<u64> {
    let (number, unit) = match text.strip_suffix(['s', 'm', 'h', 'd']) {
        Some(number) => (number, text.get(number.len()..)?),
        None => (text, "s"),
    };
    if number.is_empty() || !number.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let factor = match unit {
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => 1,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

impl UserFields {
    /// The change that they ask for.
    pub(super) fn check(&self) -> Result<UserChange, Problem> {
        let span = |name, span: &Option<Span>| span.as_ref().map(|it| it.read(name)).transpose();
        let names = |name, given: &[String]| names(name, given).map_err(bad);
        let change = UserChange {
            display_name: self.display_name.as_deref().map(shown).transpose()?,
            email: match &self.email {
                Given::Absent => None,
                Given::Nothing => Some(None),
                Given::Text(text) => Some(Some(address(text).map_err(bad)?)),
            },
            groups: self
                .groups
                .as_ref()
                .map(|it| names("groups", it))
                .transpose()?,
            add_groups: names("add_groups", &self.add_groups)?,
            remove_groups: names("remove_groups", &self.remove_groups)?,
            policies: self
                .token_policies
                .as_ref()
                .map(|it| names("token_policies", it))
                .transpose()?,
            token_ttl: span("token_ttl", &self.token_ttl)?,
            token_max_ttl: span("token_max_ttl", &self.token_max_ttl)?,
            token_period: span("token_period", &self.token_period)?,
            must_register: self.must_register_passkey,
            disabled: self.disabled,
        };
        Ok(change)
    }
}

fn shown(text: &str) -> Result<String, Problem> {
    label(text).ok_or_else(|| {
        bad(Reason::expected(
            "display_name",
            "1 to 64 visible characters",
        ))
    })
}

/// Not more than a header can carry and a person can have typed; whether mail arrives there is the
/// administrator's word.
pub(super) fn address(text: &str) -> Result<String, Reason> {
    let plain =
        |c: char| !c.is_control() && !c.is_whitespace() && !matches!(c, ',' | ';' | '<' | '>');
    let is_one = text.len() <= EMAIL_MAX_BYTES
        && text.chars().all(plain)
        && text.split_once('@').is_some_and(|(local, host)| {
            !local.is_empty() && !host.is_empty() && !host.contains('@')
        });
    if is_one {
        Ok(text.to_owned())
    } else {
        Err(Reason::expected("email", "an address like ann@example.com"))
    }
}

/// Groups and policies end in a header, with commas between them.
pub(super) fn names(name: &str, given: &[String]) -> Result<Vec<String>, Reason> {
    let is_one = |text: &str| {
        !text.contains(',')
            && label(text).as_deref() == Some(text)
            && text.chars().count() <= NAME_MAX_CHARS
    };
    let bytes: usize = given.iter().map(String::len).sum();
    if given.len() > MOST_NAMES || bytes > NAMES_MAX_BYTES || !given.iter().all(|it| is_one(it)) {
        return Err(Reason::expected(
            name,
            format_args!(
                "at most {MOST_NAMES} names of 1 to {NAME_MAX_CHARS} visible characters without \
                 commas, {NAMES_MAX_BYTES} bytes in all"
            ),
        ));
    }
    let mut names: Vec<String> = Vec::with_capacity(given.len());
    for one in given {
        if !names.contains(one) {
            names.push(one.clone());
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Option<UserChange> {
        serde_json::from_str::<UserFields>(body).ok()?.check().ok()
    }

    #[test]
    fn what_is_not_given_stays() {
        assert_eq!(read("{}"), Some(UserChange::default()));
        let change = read(r#"{"email": null, "token_ttl": 0, "token_period": "12h"}"#).unwrap();
        assert_eq!(change.email, Some(None));
        assert_eq!(change.token_ttl, Some(None));
        assert_eq!(change.token_period, Some(Some(Seconds(43_200))));
        assert_eq!(change.display_name, None);
        assert_eq!(change.fields(), ["email", "token_ttl", "token_period"]);
    }

    #[test]
    fn what_does_not_belong_there_is_refused() {
        for body in [
            r#"{"id": "00000000-0000-0000-0000-000000000001"}"#,
            r#"{"created_at": 1}"#,
            r#"{"passkeys": 3}"#,
            r#"{"admin": true}"#,
            r#"{"groups": ["a,b"]}"#,
            r#"{"groups": ["a\r\nb"]}"#,
            r#"{"groups": [""]}"#,
            r#"{"groups": "admins"}"#,
            r#"{"groups": null, "groups": ["a"]}"#,
            r#"{"email": "nobody"}"#,
            r#"{"email": "a@b\r\nx: y"}"#,
            r#"{"email": "a@b@c"}"#,
            r#"{"token_ttl": -1}"#,
            r#"{"token_ttl": "soon"}"#,
            r#"{"token_ttl": 99999999999}"#,
            r#"{"display_name": ""}"#,
            r#"{"disabled": "yes"}"#,
        ] {
            assert_eq!(read(body), None, "{body}");
        }
        let many = serde_json::json!({ "groups": vec!["g"; MOST_NAMES + 1] });
        assert_eq!(read(&many.to_string()), None);
    }
}
