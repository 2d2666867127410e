//! Users and passkeys as a document: out of this installation, into another one, or out of a
//! Keycloak realm into this one. The format is described in DESIGN.md, "Moving users".

mod candidate;
mod document;
pub(super) mod export;
mod fields;
pub(super) mod import;
mod keycloak;
mod plan;
mod report;
mod reserved;
mod twice;
