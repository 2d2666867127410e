//! What commands print. Whoever reads it may stop whenever they like (`| head`), and a disk may be full.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write as _};

/// Writes to standard output, all of it. That nobody reads any more is no error.
///
/// # Errors
/// When it cannot be written for any other reason.
pub fn print(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let written = out.write_all(bytes).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Writes a line to standard error. Where not even that can be written, nobody can be told.
pub fn complain(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}
