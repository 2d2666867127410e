//! `latchkey users list`, `latchkey sessions list`, `latchkey audit`: lists that come in pages.

use super::client::{Client, ClientError};
use super::{Output, escaped, show};
use crate::model::ACTIONS;
use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::Value;
use url::form_urlencoded::Serializer;

/// As many come in one page at most.
pub(super) const PAGE: u32 = 1000;

/// How much of a list to show.
#[derive(Debug, Args)]
pub struct Extent {
    /// As many as this at most, 1 to 1000
    #[arg(long, default_value_t = 100)]
    pub limit: u32,
    /// Go on where the last answer ended
    #[arg(long)]
    pub after: Option<String>,
    /// Everything, however much it is
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
}

/// `latchkey users list`
#[derive(Debug, Args)]
pub struct UserList {
    /// Only those whose name, display name or email holds this
    #[arg(long, short, default_value = "", hide_default_value = true)]
    pub search: String,
    /// Only those in this group
    #[arg(long)]
    pub group: Option<String>,
    /// Only those who are disabled, or only those who are not
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    pub disabled: Option<bool>,
    /// How much of the list
    #[command(flatten)]
    pub extent: Extent,
}

/// `latchkey sessions list`
#[derive(Debug, Args)]
pub struct SessionList {
    /// Only this user's, by name or id
    #[arg(long, short, conflicts_with_all = ["limit", "after", "all"])]
    pub user: Option<String>,
    /// How much of the list
    #[command(flatten)]
    pub extent: Extent,
}

/// `latchkey audit`
#[derive(Debug, Args)]
pub struct Search {
    /// Who did it: a user name, `operator`, `latchkey` or `stranger`
    #[arg(long)]
    pub actor: Option<String>,
    /// To whom, by name
    #[arg(long)]
    pub user: Option<String>,
    /// What was done
    #[arg(long, value_parser = PossibleValuesParser::new(ACTIONS))]
    pub action: Option<String>,
    /// From which address
    #[arg(long)]
    pub address: Option<String>,
    /// Not before: 7d for the last week, 2026-01-31, or 2026-01-31T12:00:00Z
    #[arg(long)]
    pub since: Option<String>,
    /// Not after, in the same ways; a day is meant with its end
    #[arg(long)]
    pub until: Option<String>,
    /// How much of the log
    #[command(flatten)]
    pub extent: Extent,
    /// Everything that is found as JSON lines, one record in each
    #[arg(long, conflicts_with_all = ["limit", "after", "all", "output"])]
    pub lines: bool,
}

pub(super) async fn users(
    client: &Client<'_>,
    list: &UserList,
    output: Output,
) -> Result<String, ClientError> {
    let disabled = list.disabled.map(|it| it.to_string());
    let query = [
        ("search", Some(list.search.as_str())),
        ("group", list.group.as_deref()),
        ("disabled", disabled.as_deref()),
    ];
    let answer = pages(client, "/v1/admin/users", "users", &query, &list.extent).await?;
    Ok(show::users(&answer, output))
}

pub(super) async fn sessions(
    client: &Client<'_>,
    list: &SessionList,
    output: Output,
) -> Result<String, ClientError> {
    let answer = match &list.user {
        Some(user) => {
            let path = format!("/v1/admin/users/{}/sessions", escaped(user));
            client.read(&path).await?
        }
        None => pages(client, "/v1/admin/sessions", "sessions", &[], &list.extent).await?,
    };
    Ok(show::sessions(&answer, output))
}

pub(super) async fn audit(
    client: &Client<'_>,
    search: &Search,
    output: Output,
) -> Result<String, ClientError> {
    let query = [
        ("actor", search.actor.as_deref()),
        ("user", search.user.as_deref()),
        ("action", search.action.as_deref()),
        ("address", search.address.as_deref()),
        ("since", search.since.as_deref()),
        ("until", search.until.as_deref()),
    ];
    let everything = Extent {
        limit: PAGE,
        after: None,
        all: true,
    };
    let extent = if search.lines {
        &everything
    } else {
        &search.extent
    };
    let answer = pages(client, "/v1/admin/audit", "records", &query, extent).await?;
    if search.lines {
        let records = answer["records"].as_array().into_iter().flatten();
        let lines: Vec<_> = records.map(Value::to_string).collect();
        return Ok(lines.join("\n"));
    }
    Ok(show::audit(&answer, output))
}

/// As many as are asked for, or all. The sidecar looks at so many records for one answer: few found, or
/// nothing, is not yet all that there is.
async fn pages(
    client: &Client<'_>,
    path: &str,
    name: &str,
    query: &[(&str, Option<&str>)],
    extent: &Extent,
) -> Result<Value, ClientError> {
    let mut wanted = extent.limit;
    let mut after = extent.after.clone();
    let mut found: Vec<Value> = Vec::new();
    loop {
        let mut asked = Serializer::new(String::new());
        let given = query
            .iter()
            .filter_map(|(name, value)| Some((name, (*value)?)));
        for (name, value) in given {
            asked.append_pair(name, value);
        }
        let limit = if extent.all { PAGE } else { wanted };
        asked.append_pair("limit", &limit.to_string());
        if let Some(after) = &after {
            asked.append_pair("after", after);
        }
        let mut answer = client.read(&format!("{path}?{}", asked.finish())).await?;
        if let Some(items) = answer[name].as_array_mut() {
            wanted = wanted.saturating_sub(u32::try_from(items.len()).unwrap_or(wanted));
            found.append(items);
        }
        after = answer["next"].as_str().map(str::to_owned);
        if after.is_none() || (wanted == 0 && !extent.all) {
            answer[name] = found.into();
            return Ok(answer);
        }
    }
}
