//! `latchkey users add|set|delete|link|passkeys`, `latchkey admin`: people.

use super::client::{Client, ClientError};
use super::links::{self, LinkOrder};
use super::{Certainty, Output, escaped, show};
use clap::{ArgGroup, Args, Subcommand};
use serde_json::{Map, Value, json};

/// What can be written about a user.
#[derive(Debug, Args)]
pub struct Fields {
    /// What pages show
    #[arg(long, value_name = "TEXT")]
    pub display_name: Option<String>,
    /// Email address; "" for none
    #[arg(long)]
    pub email: Option<String>,
    /// Group; again for more
    #[arg(long = "group", value_name = "GROUP")]
    pub groups: Option<Vec<String>>,
    /// Token policy; again for more
    #[arg(long = "policy", value_name = "POLICY")]
    pub policies: Option<Vec<String>>,
    /// No group, or no policy, at all: with "groups" or "policies"
    #[arg(long, value_name = "FIELD", value_parser = ["groups", "policies"])]
    pub clear: Vec<String>,
    /// How long tokens live ("5m"), if shorter than everyone's (token.ttl); 0: as for everyone
    #[arg(long, value_name = "SPAN")]
    pub token_ttl: Option<String>,
    /// When sessions end whatever happens, if earlier than everyone's (session.max); 0: as for everyone
    #[arg(long, value_name = "SPAN")]
    pub token_max_ttl: Option<String>,
    /// When sessions end that nothing renews, if earlier than everyone's (session.idle); 0: as for everyone
    #[arg(long, value_name = "SPAN")]
    pub token_period: Option<String>,
    /// Let the next sign-in lead to registering another passkey, and nowhere else until then
    #[arg(long, value_name = "true|false")]
    pub must_register_passkey: Option<bool>,
}

impl Fields {
    fn body(&self) -> Map<String, Value> {
        let mut body = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(name.to_owned(), value);
            }
        };
        let clears = |field: &str| self.clear.iter().any(|it| it == field).then(|| json!([]));
        put(
            "display_name",
            self.display_name.as_ref().map(|it| json!(it)),
        );
        let email = |it: &String| {
            if it.is_empty() {
                Value::Null
            } else {
                json!(it)
            }
        };
        put("email", self.email.as_ref().map(email));
        put(
            "groups",
            self.groups
                .as_ref()
                .map(|it| json!(it))
                .or(clears("groups")),
        );
        let policies = self.policies.as_ref().map(|it| json!(it));
        put("token_policies", policies.or(clears("policies")));
        put("token_ttl", self.token_ttl.as_ref().map(|it| json!(it)));
        put(
            "token_max_ttl",
            self.token_max_ttl.as_ref().map(|it| json!(it)),
        );
        put(
            "token_period",
            self.token_period.as_ref().map(|it| json!(it)),
        );
        put(
            "must_register_passkey",
            self.must_register_passkey.map(Value::from),
        );
        body
    }
}

/// What `latchkey users set` needs at least one of.
const DIFFERENT: [&str; 11] = [
    "display_name",
    "email",
    "groups",
    "policies",
    "clear",
    "token_ttl",
    "token_max_ttl",
    "token_period",
    "must_register_passkey",
    "add_group",
    "remove_group",
];

/// The part of `latchkey users` that makes and changes users.
#[derive(Debug, Subcommand)]
pub enum Change {
    /// Make a user; with --enroll, also a link to register a passkey with
    Add {
        /// The user name
        name: String,
        /// What is known of the user
        #[command(flatten)]
        fields: Box<Fields>,
        /// Make a link, shown this once
        #[arg(long)]
        enroll: bool,
    },
    /// Change what is given, and leave the rest
    #[command(
        mut_arg("groups", |it| it.help("Group; again for more. Groups that are not named are taken away")),
        mut_arg("policies", |it| it.help("Token policy; again for more. Those that are not named are taken away")),
        group = ArgGroup::new("different").required(true).multiple(true).args(DIFFERENT)
    )]
    Set {
        /// The user, by name or id
        user: String,
        /// What is to be different
        #[command(flatten)]
        fields: Box<Fields>,
        /// Put the user into this group, beside the others; again for more
        #[arg(long, value_name = "GROUP", conflicts_with_all = ["groups", "clear"])]
        add_group: Vec<String>,
        /// Take the user out of this group; again for more
        #[arg(long, value_name = "GROUP", conflicts_with_all = ["groups", "clear"])]
        remove_group: Vec<String>,
    },
    /// Delete a user with all passkeys and sessions, for good; the name stays taken
    #[command(long_about = "Deletes a user with all passkeys and sessions, for good.\n\n\
        Nobody can have the name again, the same person included, so that nobody inherits what an \
        application keeps under it. To keep somebody out who may come back, disable them instead. \
        Where there is no terminal to ask at, --yes is needed.")]
    Delete {
        /// The user, by name or id
        user: String,
        /// Whether it is meant
        #[command(flatten)]
        certainty: Certainty,
    },
    /// Make a link with which the user registers a passkey, in place of the one before; or one for everybody who has none
    #[command(
        long_about = "Makes a link with which the user registers a passkey, in place of the one \
            before. It is shown this once: carry it to its user.\n\n\
            With --all-without-passkey everybody gets one who could not sign in: no passkey, not \
            disabled, and no link out that is still good. So it can be repeated: after an import, \
            when some links have expired, or when it was interrupted. Whoever already has a good \
            link keeps it, unless --again makes a new one in its place. --csv writes a file for a \
            mail merge.",
        after_long_help = "Examples:\n  \
            latchkey users link alice --expires-in 2h\n  \
            latchkey users link --all-without-passkey --csv > links.csv\n  \
            latchkey users link --all-without-passkey --group eng --output json"
    )]
    Link(LinkOrder),
    /// Withdraw a user's recovery codes; the user can make new ones
    RevokeCodes {
        /// The user, by name or id
        user: String,
    },
    /// Show a user's passkeys
    Passkeys {
        /// The user, by name or id
        user: String,
    },
    /// Give a passkey another label
    LabelPasskey {
        /// The user, by name or id
        user: String,
        /// The passkey's id, as `latchkey users passkeys` shows it
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// What its owner sees: 1 to 64 visible characters
        label: String,
    },
    /// Remove a passkey, and end the sessions that it began
    RemovePasskey {
        /// The user, by name or id
        user: String,
        /// The passkey's id, as `latchkey users passkeys` shows it
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// Whether it is meant
        #[command(flatten)]
        certainty: Certainty,
    },
}

/// `latchkey admin`
#[derive(Debug, Subcommand)]
pub enum Admin {
    /// Show the link with which the first administrator registers; good for an hour, and once
    Bootstrap,
}

pub(super) async fn change(
    client: &Client<'_>,
    order: &Change,
    output: Output,
) -> Result<String, ClientError> {
    let of = |user: &str, more: &str| format!("/v1/admin/users/{}{more}", escaped(user));
    match order {
        Change::Add {
            name,
            fields,
            enroll,
        } => {
            let mut body = fields.body();
            body.insert("name".to_owned(), json!(name));
            if *enroll {
                body.insert("enroll".to_owned(), json!(true));
            }
            let made = client
                .order("/v1/admin/users", &Value::Object(body))
                .await?;
            Ok(show::made(&made, output))
        }
        Change::Set {
            user,
            fields,
            add_group,
            remove_group,
        } => {
            let mut body = fields.body();
            for (name, groups) in [("add_groups", add_group), ("remove_groups", remove_group)] {
                if !groups.is_empty() {
                    body.insert(name.to_owned(), json!(groups));
                }
            }
            let changed = client.patch(&of(user, ""), &Value::Object(body)).await?;
            Ok(show::made(&changed, output))
        }
        Change::Delete { user, certainty } => {
            if !certainty.yes {
                let found = client.read(&of(user, "")).await?;
                certainty.about(&show::to_be_deleted(&found))?;
            }
            client.delete(&of(user, "")).await?;
            Ok(show::done(&format!("{user} is deleted."), output))
        }
        Change::Link(order) => links::order(client, order, output).await,
        Change::RevokeCodes { user } => {
            client.delete(&of(user, "/recovery-codes")).await?;
            let done = format!("The recovery codes of {user} are worth nothing any more.");
            Ok(show::done(&done, output))
        }
        Change::Passkeys { user } => {
            let answer = client.read(&of(user, "/passkeys")).await?;
            Ok(show::passkeys(&answer, output))
        }
        Change::LabelPasskey { user, id, label } => {
            let path = of(user, &format!("/passkeys/{}", escaped(id)));
            let labelled = client.patch(&path, &json!({ "label": label })).await?;
            Ok(show::passkeys(&json!({ "passkeys": [labelled] }), output))
        }
        Change::RemovePasskey {
            user,
            id,
            certainty,
        } => {
            let path = of(user, &format!("/passkeys/{}", escaped(id)));
            certainty.about(&format!("The passkey {id} of {user} will be removed for good"))?;
            client.delete(&path).await?;
            Ok(show::done(
                "The passkey is removed, and what it began has ended.",
                output,
            ))
        }
    }
}

pub(super) async fn admin(
    client: &Client<'_>,
    order: &Admin,
    output: Output,
) -> Result<String, ClientError> {
    match order {
        Admin::Bootstrap => {
            let answer = client.order("/v1/admin/bootstrap", &json!({})).await?;
            Ok(show::link(&answer, output))
        }
    }
}
