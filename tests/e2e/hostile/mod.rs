//! What a gateway on the internet is sent, byte for byte.

mod bytes;
mod cookies;
mod headers;
mod keys;
mod methods;
mod mishaps;
mod other_sites;
mod paths;
mod pushed;
mod redirects;
mod tokens;
mod trap;
