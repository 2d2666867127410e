//! Limits: how often one address may begin to register (`addresses`) and one account sign in or be changed by its owner (`accounts`), and what becomes of wrong proofs
//! (`proofs`): they are counted (`strikes`), told to wait longer and longer, and looked at one after
//! another (`slow_lane`). A right proof is never refused for what others did.

mod accounts;
mod addresses;
mod proofs;
mod slow_lane;
mod strikes;

pub use accounts::AccountLimit;
pub use addresses::AddressLimiter;
pub use proofs::{Named, ProofLimits};
pub(super) use slow_lane::leave;
