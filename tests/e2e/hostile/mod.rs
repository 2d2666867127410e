//! What a gateway on the internet is sent, byte for byte.

mod cookies;
mod headers;
mod keys;
mod mishaps;
mod paths;
mod pushed;
mod redirects;
mod tokens;
mod trap;
