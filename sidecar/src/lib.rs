//! Latchkey's sidecar: the relying party behind the gateway.
//!
//! `model` holds pure types and transitions and imports nothing local; `storage` holds the traits
//! and their backends; `ceremony` and `issuer` work on `model` with the clock and the entropy that
//! they are given; `routes` parse, decide, persist and respond; only `state` names a backend.

pub mod app;
pub mod attestation;
pub mod ceremony;
pub mod cli;
pub mod clock;
pub mod config;
pub mod entropy;
pub mod issuer;
pub mod key_file;
pub mod log;
pub mod model;
pub mod pages;
pub mod problem;
pub mod revocation;
pub mod routes;
pub mod run;
pub mod serve;
pub mod state;
pub mod storage;
