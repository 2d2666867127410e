//! What access logs are told: `%FILTER_STATE(wasm.latchkey.<field>:PLAIN)%`.

use latchkey_filter_config::LogField;

use super::abi::{self, Level};
use crate::gate::{Decision, Outcome};

/// Notes the fields that are asked for. A log that lacks one is no reason to refuse anybody.
pub(super) fn note(fields: &[LogField], decision: &Decision) {
    for field in fields {
        let Some(value) = value(*field, decision) else {
            continue;
        };
        let name = format!("latchkey.{}", field.name());
        if let Err(status) = abi::set_property(&name, value.as_bytes()) {
            abi::log(Level::Debug, &format!("access log, {name}: {status}"));
        }
    }
}

fn value(field: LogField, decision: &Decision) -> Option<&str> {
    let claims = decision.token.as_ref().map(|token| token.claims());
    let refused = match &decision.outcome {
        Outcome::Refuse(reason, _) => Some(reason),
        Outcome::Forward(_) | Outcome::Renew(_) => None,
    };
    match field {
        LogField::User => claims.map(|claims| claims.sub.as_str()),
        LogField::Session => claims.map(|claims| claims.sid.as_str()),
        LogField::Decision if refused.is_some() => Some("deny"),
        LogField::Decision if decision.would_refuse.is_some() => Some("would_deny"),
        LogField::Decision => Some("allow"),
        LogField::Reason => refused
            .or(decision.would_refuse.as_ref())
            .map(crate::reason::Reason::name),
    }
}
