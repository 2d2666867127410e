//! A question before what cannot be undone; a script answers it with `--yes`.

use super::client::ClientError;
use super::show::plain;
use clap::Args;
use std::io::{self, IsTerminal as _, Write as _};

/// Whether it is meant.
#[derive(Debug, Clone, Copy, Args)]
pub struct Certainty {
    /// Do it without asking; needed where nobody can be asked (no terminal)
    #[arg(long, short)]
    pub yes: bool,
}

impl Certainty {
    /// Goes on when it is meant. `what` says what would be done and what of it lasts, without an end.
    ///
    /// # Errors
    /// When nobody can be asked, or whoever was asked says no.
    pub(super) fn about(self, what: &str) -> Result<(), ClientError> {
        if self.yes {
            return Ok(());
        }
        let what = plain(what);
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Err(ClientError::Unasked(what));
        }
        let mut terminal = io::stderr();
        // Where the question cannot be shown, nothing is read as its answer.
        write!(terminal, "{what}. Go on? [y/N] ").map_err(ClientError::Written)?;
        terminal.flush().map_err(ClientError::Written)?;
        let mut answer = String::new();
        let read = io::stdin().read_line(&mut answer);
        match (read, answer.trim().to_lowercase().as_str()) {
            (Ok(_), "y" | "yes") => Ok(()),
            _ => Err(ClientError::Declined),
        }
    }
}
