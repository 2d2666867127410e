//! What an import came to, or would come to: the answer to it.

use crate::model::Reason;
use crate::routes::openapi::ReasonView;
use serde::Serialize;
use utoipa::ToSchema;

/// What becomes of one user, or name, of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ImportOutcome {
    /// Not here yet.
    Created,
    /// Here already, the same.
    Unchanged,
    /// No person.
    Skipped,
    /// Something that is here, or elsewhere in the document, stands in the way.
    Conflict,
    /// Not as it must be.
    Refused,
}

/// What an import came to, or would come to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportReport {
    /// Only looked at.
    pub(super) dry_run: bool,
    /// Whether everything is as the document says, whoever was left out excepted.
    pub(super) done: bool,
    /// Users.
    pub(super) created: usize,
    /// Users who were here already, the same.
    pub(super) unchanged: usize,
    /// Users of the document who are no people.
    pub(super) skipped: usize,
    /// Users and names that something stands in the way of.
    pub(super) conflicts: usize,
    /// Users and names that are not as they must be.
    pub(super) refused: usize,
    /// Passkeys of the created users.
    pub(super) passkeys: usize,
    /// Names of deleted users that are taken from now on.
    pub(super) reserved_names: usize,
    /// Each user of the document.
    pub(super) users: Vec<ImportedUserReport>,
    /// Each name of a deleted user that cannot be taken over.
    pub(super) names: Vec<ImportedNameReport>,
}

/// What becomes of one user.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportedUserReport {
    /// The place in the document.
    pub(super) index: usize,
    /// As the document has it.
    pub(super) name: String,
    pub(super) outcome: ImportOutcome,
    /// How many come along, where the user is created.
    pub(super) passkeys: Option<usize>,
    /// Why not, each with its place.
    pub(super) reasons: Vec<String>,
    /// What an administrator should know.
    pub(super) notes: Vec<String>,
    /// The reasons and then the notes, for programs.
    #[schema(value_type = Vec<ReasonView>)]
    pub(super) causes: Vec<Reason>,
}

/// What is in the way of one name of a deleted user.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportedNameReport {
    /// The place in the document.
    pub(super) index: usize,
    /// As the document has it.
    pub(super) name: String,
    pub(super) outcome: ImportOutcome,
    pub(super) reasons: Vec<String>,
    /// The reasons, for programs.
    #[schema(value_type = Vec<ReasonView>)]
    pub(super) causes: Vec<Reason>,
}
