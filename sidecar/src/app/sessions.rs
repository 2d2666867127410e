//! Sessions: what counts, and what ends it.

use super::App;
use crate::model::{Session, SessionId, UserId};
use crate::storage::StorageError;

impl App {
    /// Whether the session lives.
    #[must_use]
    pub fn is_alive(&self, session: &Session) -> bool {
        session.is_alive(self.now())
    }

    /// The sessions of a user that live.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn living_sessions_of(&self, user: UserId) -> Result<Vec<Session>, StorageError> {
        let mut sessions = self.store.sessions_of(user).await?;
        sessions.retain(|session| self.is_alive(session));
        Ok(sessions)
    }

    /// Ends a session; `false` when there was none.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub async fn end_session(&self, id: SessionId) -> Result<bool, StorageError> {
        self.store.remove_session(id).await
    }

    /// Ends every session of a user, or of everyone.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub async fn end_sessions(&self, of: Option<UserId>) -> Result<(), StorageError> {
        let sessions = match of {
            Some(user) => self.store.sessions_of(user).await?,
            None => Vec::new(),
        };
        for session in sessions {
            self.store.remove_session(session.id).await?;
        }
        Ok(())
    }
}
