//! Users and passkeys, out and in.
