//! `latchkey keys|sessions|users|mounts|audit|admin|export|import`: an operator's orders to the
//! running sidecar.

mod asking;
mod client;
mod document;
mod duplicates;
mod links;
mod listing;
mod mounts;
mod people;
mod show;
mod transfer;

pub use asking::Certainty;
pub use document::DocumentError;
pub use links::LinkOrder;
pub use listing::{Extent, Search, SessionList, UserList};
pub use mounts::{Mounts, Terms};
pub use people::{Admin, Change, Fields};
pub use transfer::{Export, Format, Import, TransferError};

use clap::{Args, Subcommand, ValueEnum};
use client::{Client, ClientError};
use serde_json::json;
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// How to find the running sidecar, and how to show what it answers.
#[derive(Debug, Args)]
pub struct Reach {
    /// The running sidecar's configuration: it says where its control socket is
    #[arg(
        long,
        short,
        global = true,
        value_name = "FILE",
        env = "LATCHKEY_CONFIG",
        default_value = "latchkey.toml"
    )]
    pub config: PathBuf,
    /// A table for people, or JSON for programs
    #[arg(long, short, global = true, value_enum, default_value = "table")]
    pub output: Output,
}

/// How answers are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Table,
    /// For programs: what the administration API answered.
    Json,
}

/// `latchkey keys`
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Show the signing keys: which one signs, which one is next, which ones retire
    List,
    /// Let the next key sign from now on, and publish another one to follow it
    #[command(
        long_about = "Lets the next key sign from now on, and publishes another one to \
            follow it. Tokens of the key before stay good for as long as their sessions can be \
            renewed.\n\n\
            The next key must have been published for keys.publish_before, so that every verifier \
            has fetched it; before that the order is refused, with the time from which on it is \
            not. No request fails in a rotation. Without any order a key is followed by the next \
            one after keys.rotate_every."
    )]
    Rotate {
        /// Also when verifiers may not know the next key yet: those that have not fetched it refuse
        /// new tokens until they do (our filter within a second or so, Istio's own check in up to
        /// 20 minutes)
        #[arg(long)]
        now: bool,
    },
    /// Stop a key at once: for one that somebody may have stolen
    #[command(
        long_about = "Stops a key at once: for one that somebody may have stolen.\n\n\
            It leaves the key set, every gateway is told within a second in words that another key \
            signs, and its successor signs from then on. Tokens that it signed are refused; their \
            sessions go on with a new token when a page is loaded. Verifiers other than our filter \
            go on trusting it until they fetch the key set again."
    )]
    Revoke {
        /// The key's id, as `latchkey keys list` shows it
        // One in 64 begins with a hyphen.
        #[arg(allow_hyphen_values = true)]
        kid: String,
    },
}

/// `latchkey sessions`
#[derive(Debug, Subcommand)]
pub enum Sessions {
    /// Show the living sessions: everyone's, or a user's
    List(SessionList),
    /// End sessions: one, all of a user, or everyone's
    #[command(
        long_about = "Ends sessions: one, all of a user, or everyone's. When the command \
            returns, every gateway that can reach the sidecar has been told; whoever was signed in \
            has to sign in again."
    )]
    Revoke(Which),
}

/// Which sessions to end.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Which {
    /// Every session of this user, by name or id
    #[arg(long, short)]
    pub user: Option<String>,
    /// This session, by its id (`sid` in tokens)
    #[arg(long, short)]
    pub session: Option<String>,
    /// Every session there is
    #[arg(long)]
    pub everyone: bool,
}

/// `latchkey users`
#[derive(Debug, Subcommand)]
pub enum Users {
    /// Show the users
    List(UserList),
    /// Show one user
    Show {
        /// The user, by name or id
        user: String,
    },
    /// What makes and changes users.
    #[command(flatten)]
    Change(Change),
    /// Let a user in no more, and end every session of theirs
    Disable {
        /// The user, by name or id
        user: String,
    },
    /// Let a user in again; sessions that were ended stay so
    Enable {
        /// The user, by name or id
        user: String,
    },
}

/// An order of any kind.
#[derive(Debug)]
pub enum Order<'a> {
    /// About signing keys.
    Keys(&'a Keys),
    /// About sessions.
    Sessions(&'a Sessions),
    /// About users.
    Users(&'a Users),
    /// About mounts.
    Mounts(&'a Mounts),
    /// About the audit log.
    Audit(&'a Search),
    /// About administration itself.
    Admin(&'a Admin),
    /// Users and passkeys into a file.
    Export(&'a Export),
    /// And out of one.
    Import(&'a Import),
}

/// Why an order was not carried out; each is a message for people.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// The configuration names no socket.
    #[error(
        "the configuration switches the control socket off (listen.control = \"none\", or a store \
         in memory without listen.control)"
    )]
    NoSocket,
    /// The sidecar was not reached, or refused.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A file did not go over.
    #[error(transparent)]
    Transfer(#[from] TransferError),
    /// No thread or timer to be had.
    #[error("the command cannot run: {0}")]
    System(#[from] std::io::Error),
}

impl OrderError {
    /// Whether all that happened is that nobody reads the answer any more.
    #[must_use]
    pub fn is_closed_pipe(&self) -> bool {
        let (Self::Client(error) | Self::Transfer(TransferError::Client(error))) = self else {
            return false;
        };
        matches!(error, ClientError::Written(error) if error.kind() == ErrorKind::BrokenPipe)
    }

    /// Whether another command line would do.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Client(ClientError::Unasked(_)))
    }
}

/// Carries an order out; gives what to print.
///
/// # Errors
/// When no sidecar is reached, or it refuses.
pub fn run(socket: Option<&Path>, order: &Order<'_>, output: Output) -> Result<String, OrderError> {
    let client = Client::new(socket.ok_or(OrderError::NoSocket)?);
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            Ok(match order {
                Order::Keys(order) => keys(&client, order, output).await?,
                Order::Sessions(order) => sessions(&client, order, output).await?,
                Order::Users(order) => users(&client, order, output).await?,
                Order::Mounts(order) => mounts::order(&client, order, output).await?,
                Order::Audit(search) => listing::audit(&client, search, output).await?,
                Order::Admin(order) => people::admin(&client, order, output).await?,
                Order::Export(order) => transfer::export(&client, order, output).await?,
                Order::Import(order) => transfer::import(&client, order, output).await?,
            })
        })
}

async fn keys(client: &Client<'_>, order: &Keys, output: Output) -> Result<String, ClientError> {
    match order {
        Keys::List => Ok(show::keys(&client.read("/v1/admin/keys").await?, output)),
        Keys::Rotate { now } => {
            let body = json!({ "now": now });
            let answer = client.order("/v1/admin/keys/rotate", &body).await?;
            Ok(show::changed_keys("The next key has taken over", &answer, output))
        }
        Keys::Revoke { kid } => {
            let path = format!("/v1/admin/keys/{}/revoke", escaped(kid));
            let answer = client.order(&path, &json!({})).await?;
            let done = format!("The key {kid} is revoked");
            Ok(show::changed_keys(&done, &answer, output))
        }
    }
}

async fn sessions(
    client: &Client<'_>,
    order: &Sessions,
    output: Output,
) -> Result<String, ClientError> {
    match order {
        Sessions::List(list) => listing::sessions(client, list, output).await,
        Sessions::Revoke(which) => {
            let (body, done) = match (&which.session, &which.user) {
                (Some(session), _) => (
                    json!({ "session": session }),
                    format!("The session {session} has ended."),
                ),
                (_, Some(user)) => (
                    json!({ "user": user }),
                    format!("Every session of {user} has ended."),
                ),
                _ => (
                    json!({ "everyone": true }),
                    "Every session has ended.".to_owned(),
                ),
            };
            client.order("/v1/admin/sessions/revoke", &body).await?;
            Ok(show::done(&done, output))
        }
    }
}

async fn users(client: &Client<'_>, order: &Users, output: Output) -> Result<String, ClientError> {
    let of = |user: &str| format!("/v1/admin/users/{}", escaped(user));
    match order {
        Users::List(list) => listing::users(client, list, output).await,
        Users::Change(order) => people::change(client, order, output).await,
        Users::Show { user } => Ok(show::user(&client.read(&of(user)).await?, output)),
        Users::Disable { user } => {
            let path = format!("{}/disable", of(user));
            client.order(&path, &json!({})).await?;
            let done = format!("{user} is disabled, and every session of theirs has ended.");
            Ok(show::done(&done, output))
        }
        Users::Enable { user } => {
            let path = format!("{}/enable", of(user));
            client.order(&path, &json!({})).await?;
            Ok(show::done(&format!("{user} can sign in again."), output))
        }
    }
}

/// One segment of a path.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'@') {
            escaped.push(byte.into());
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}
