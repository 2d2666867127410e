//! `latchkey users link`: links with which users register a passkey, for one or for all who have none.

use super::client::{Client, ClientError};
use super::listing::PAGE;
use super::{Output, escaped, show};
use crate::cli::{complain, print};
use clap::Args;
use hyper::StatusCode;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

/// `latchkey users link`
#[derive(Debug, Args)]
pub struct LinkOrder {
    /// The user, by name or id
    #[arg(required_unless_present = "all_without_passkey")]
    pub user: Option<String>,
    /// Make one for everybody who has no passkey, is not disabled, and has no link that is still good
    #[arg(long, conflicts_with = "user")]
    pub all_without_passkey: bool,
    /// Only for those in this group
    #[arg(long, conflicts_with = "user")]
    pub group: Option<String>,
    /// Also for those who have a link that is still good: a new one in its place
    #[arg(long, conflicts_with = "user")]
    pub again: bool,
    /// As CSV: `name,display_name,email,link,good_until`
    #[arg(long, conflicts_with_all = ["user", "output", "revoke"])]
    pub csv: bool,
    /// How long it is good: "2h", or seconds; at most `people.link_lifetime`
    #[arg(long, value_name = "SPAN")]
    pub expires_in: Option<String>,
    /// The mount that the passkey is for; that of the pages when not given
    #[arg(long, conflicts_with = "revoke")]
    pub mount: Option<String>,
    /// Make no new one: withdraw the one that there is
    #[arg(long, conflicts_with_all = ["expires_in", "all_without_passkey"])]
    pub revoke: bool,
}

pub(super) async fn order(
    client: &Client<'_>,
    order: &LinkOrder,
    output: Output,
) -> Result<String, ClientError> {
    let Some(user) = &order.user else {
        return all(client, order, output).await;
    };
    if order.revoke {
        client.delete(&place(user)).await?;
        let done = format!("The link of {user} is worth nothing any more.");
        return Ok(show::done(&done, output));
    }
    let made = client.order(&place(user), &order.wish()).await?;
    Ok(show::link(&made, output))
}

impl LinkOrder {
    fn wish(&self) -> Value {
        let mut wish = json!({});
        if let Some(span) = &self.expires_in {
            wish["expires_in"] = json!(span);
        }
        if let Some(mount) = &self.mount {
            wish["mount"] = json!(mount);
        }
        wish
    }
}

fn place(user: &str) -> String {
    format!("/v1/admin/users/{}/enrolment", escaped(user))
}

/// What was made so far.
#[derive(Default)]
struct Made {
    links: Vec<Value>,
    /// Who has a good one already.
    kept: usize,
}

async fn all(
    client: &Client<'_>,
    order: &LinkOrder,
    output: Output,
) -> Result<String, ClientError> {
    let mut made = Made::default();
    let outcome = make_all(client, order, &mut made).await;
    show::progress_ends();
    let shown = show::links(&made.links, order.csv, output);
    if let Err(error) = outcome {
        // Nobody can see these links a second time, so they are told all the same.
        if !made.links.is_empty() {
            print((shown + "\n").as_bytes()).map_err(ClientError::Written)?;
        }
        return Err(error);
    }
    let kept = match made.kept {
        0 => String::new(),
        kept => format!("; {kept} users have one that is still good, and --again replaces it"),
    };
    complain(format_args!("links made: {}{kept}", made.links.len()));
    Ok(shown)
}

async fn make_all(
    client: &Client<'_>,
    order: &LinkOrder,
    made: &mut Made,
) -> Result<(), ClientError> {
    let wish = order.wish();
    let mut after: Option<String> = None;
    loop {
        let mut asked = Serializer::new(String::new());
        asked.append_pair("disabled", "false");
        asked.append_pair("limit", &PAGE.to_string());
        let more = [("group", &order.group), ("after", &after)];
        for (name, value) in more.iter().filter_map(|(name, it)| Some((name, it.as_ref()?))) {
            asked.append_pair(name, value);
        }
        let page = client.read(&format!("/v1/admin/users?{}", asked.finish())).await?;
        for user in page["users"].as_array().into_iter().flatten() {
            if user["passkeys"] != 0 {
                continue;
            }
            if has_good_link(user) && !order.again {
                made.kept = made.kept.saturating_add(1);
                continue;
            }
            made.links.extend(make(client, user, &wish).await?);
            if made.links.len().is_multiple_of(100) {
                show::progress(&format!("links made: {}", made.links.len()));
            }
        }
        after = page["next"].as_str().map(str::to_owned);
        if after.is_none() {
            return Ok(());
        }
    }
}

fn has_good_link(user: &Value) -> bool {
    user["enrolment"]["expired"] == false
}

/// The link, and whom to bring it to; nothing for whoever has been disabled or deleted meanwhile.
async fn make(
    client: &Client<'_>,
    user: &Value,
    wish: &Value,
) -> Result<Option<Value>, ClientError> {
    let id = user["id"].as_str().unwrap_or_default();
    match client.order(&place(id), wish).await {
        Ok(made) => {
            let link = &made["enrolment"];
            Ok(Some(json!({
                "name": user["name"], "display_name": user["display_name"], "email": user["email"],
                "mount": link["mount"], "link": link["link"], "code": link["code"],
                "expires_at": link["expires_at"],
            })))
        }
        Err(ClientError::Refused { status, .. })
            if [StatusCode::NOT_FOUND, StatusCode::CONFLICT].contains(&status) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
