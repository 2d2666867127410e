//! Users and passkeys as a document: out of this installation, into another one, or out of a
//! Keycloak realm into this one. The format is described in DESIGN.md, "Moving users".

mod candidate;
mod document;
mod export;
mod fields;
mod import;
mod keycloak;
mod plan;

pub(super) use export::handle as export;
pub(super) use import::handle as import;
