//! What the end-to-end tests stand on: they start the real Envoy, the real sidecar and a real
//! browser, and talk to them as anyone else would. Neither the filter nor the sidecar is imported.
//!
//! [`Gateway`] is the whole: Envoy with the filter, the sidecar, and an application that writes
//! down exactly what reached it.

pub mod browser;
pub mod certificate;
pub mod drip;
pub mod echo;
pub mod envoy;
pub mod forge;
pub mod gateway;
pub mod guarded;
pub mod http;
pub mod http2;
pub mod internal;
pub mod ports;
pub mod process;
pub mod programs;
pub mod sidecar;
pub mod upstream;
pub mod visitor;
pub mod wait;

pub use browser::{Browser, Page};
pub use certificate::{Certificate, Certificates};
pub use drip::Drip;
pub use echo::Echo;
pub use envoy::{Envoy, EnvoyConfig};
pub use forge::Forge;
pub use gateway::{Gateway, Plan};
pub use guarded::Guarded;
pub use http::{Client, Response};
pub use internal::Internal;
pub use sidecar::{Sidecar, SidecarConfig};
pub use upstream::{Received, Upstream};
pub use visitor::Visitor;
