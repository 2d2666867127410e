//! Proofs and codes from an address with too many wrong ones are looked at one after another.

use crate::app::App;
use crate::routes::layers::Client;
use crate::routes::slow_lane::Turn;

/// Too many of that address, or at all, wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooOften;

/// At once for whoever has tries left; else when the turn has come. The next one comes when it is
/// dropped. Nobody is refused for what a neighbour does.
pub(super) async fn turn<'a>(app: &'a App, client: &Client) -> Result<Option<Turn<'a>>, TooOften> {
    if app.refusals.allows(client.address, app.now()) {
        return Ok(None);
    }
    let turn = app.slow_lane.turn(client.address).await;
    turn.map(Some).ok_or(TooOften)
}
