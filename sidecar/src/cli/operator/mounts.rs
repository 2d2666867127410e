//! `latchkey mounts list|show|set|delete`: relying parties and what they ask of passkeys.

use super::client::{Client, ClientError};
use super::{Certainty, Output, escaped, show};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use std::path::PathBuf;

/// `latchkey mounts`
#[derive(Debug, Subcommand)]
pub enum Mounts {
    /// Show every mount: those of the configuration file, and those that were written
    List,
    /// Show one mount with all of its settings
    Show {
        /// The mount's name
        mount: String,
    },
    /// Make a mount, or change what is given and leave the rest
    #[command(
        long_about = "Makes a mount, or changes what is given and leaves the rest. It counts at \
            once, also for ceremonies that were begun before.\n\n\
            The fields are those of [mounts.<name>] in the configuration file, with two other names: \
            auto_registration (there self_registration) and authenticator_attachment (there \
            attachment); both are understood here. Lists have commas between their items; nothing behind the equals sign \
            sets a field back to its default. A mount of the configuration file is changed there.",
        after_long_help = "Examples:\n  \
            latchkey mounts set staff rp_id=example.com algorithms=ES256,RS256 timeout=2m\n  \
            latchkey mounts set staff two_factor.user_verification=preferred\n  \
            latchkey mounts set staff hints= two_factor=\n  \
            latchkey mounts set staff --file staff.json"
    )]
    Set {
        /// The mount's name
        mount: String,
        /// What is to be different
        #[arg(value_name = "FIELD=VALUE", value_parser = field, required_unless_present = "file")]
        fields: Vec<(String, String)>,
        /// A file with the fields as a JSON object
        #[arg(long, value_name = "FILE", conflicts_with = "fields")]
        file: Option<PathBuf>,
        /// What was seen, and when it is meant all the same.
        #[command(flatten)]
        terms: Terms,
    },
    /// Delete a mount: nothing answers under its name any more
    #[command(
        long_about = "Deletes a mount: nothing answers under its name any more. Its passkeys stay in \
            their accounts, and sign in again when a mount of the same name and domain is made. \
            Sessions that began there go on: `latchkey sessions revoke` ends them. Where there is no \
            terminal to ask at, --yes is needed."
    )]
    Delete {
        /// The mount's name
        mount: String,
        /// Whether it is meant.
        #[command(flatten)]
        certainty: Certainty,
        /// What was seen, and when it is meant all the same.
        #[command(flatten)]
        terms: Terms,
    },
}

/// What comes with a change.
#[derive(Debug, Args)]
pub struct Terms {
    /// Only when the mount still is this one; 0: only when there is none
    #[arg(long, value_name = "NUMBER")]
    pub revision: Option<u64>,
    /// Also when passkeys then sign in no more
    #[arg(long)]
    pub force: bool,
}

impl Terms {
    fn put_into(&self, body: &mut Map<String, Value>) {
        if let Some(revision) = self.revision {
            body.insert("revision".to_owned(), json!(revision));
        }
        if self.force {
            body.insert("force".to_owned(), json!(true));
        }
    }
}

/// Where the API takes a list.
const LISTS: [&str; 5] = [
    "rp_origins",
    "algorithms",
    "acceptable_aaguids",
    "forbidden_aaguids",
    "hints",
];

fn field(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("expected FIELD=VALUE, such as timeout=2m")?;
    Ok((of_the_api(name), value.to_owned()))
}

/// The configuration file has other names for two of them.
fn of_the_api(name: &str) -> String {
    let (path, last) = name.rsplit_once('.').unwrap_or(("", name));
    let last = match last {
        "self_registration" => "auto_registration",
        "attachment" => "authenticator_attachment",
        last => last,
    };
    match path {
        "" => last.to_owned(),
        path => format!("{path}.{last}"),
    }
}

/// The value of a field as the API has it; what belongs there is judged there.
fn value(name: &str, text: &str) -> Value {
    if text.is_empty() {
        return Value::Null;
    }
    if LISTS.contains(&name) {
        let items = text.split(',').map(str::trim);
        return items.filter(|item| !item.is_empty()).collect();
    }
    match text {
        "true" => true.into(),
        "false" => false.into(),
        // A name may be a number; a count is one.
        _ if name == "max_credentials" => text.parse::<u64>().map_or(json!(text), Value::from),
        _ if name == "timeout" => text.parse::<u64>().map_or(json!(text), Value::from),
        _ => text.into(),
    }
}

/// The fields as one object; `two_factor.timeout` lies inside of `two_factor`.
fn object(fields: &[(String, String)]) -> Map<String, Value> {
    let mut object = Map::new();
    for (name, text) in fields {
        match name.split_once('.') {
            Some((outer, inner)) => {
                let there = object.entry(outer).or_insert_with(|| json!({}));
                if !there.is_object() {
                    *there = json!({});
                }
                there[inner] = value(inner, text);
            }
            None => {
                object.insert(name.clone(), value(name, text));
            }
        }
    }
    object
}

pub(super) async fn order(
    client: &Client<'_>,
    order: &Mounts,
    output: Output,
) -> Result<String, ClientError> {
    let of = |mount: &str| format!("/v1/auth/{}/config", escaped(mount));
    match order {
        Mounts::List => {
            let answer = client.read("/v1/admin/mounts").await?;
            Ok(show::mounts(&answer, output))
        }
        Mounts::Show { mount } => {
            let answer = client.read(&of(mount)).await?;
            Ok(show::mount(&answer["data"], output))
        }
        Mounts::Set {
            mount,
            fields,
            file,
            terms,
        } => {
            let mut body = match file {
                Some(file) => read(file)?,
                None => object(fields),
            };
            terms.put_into(&mut body);
            let answer = client.order(&of(mount), &Value::Object(body)).await?;
            Ok(show::mount(&answer["data"], output))
        }
        Mounts::Delete {
            mount,
            certainty,
            terms,
        } => {
            certainty.about(&format!(
                "The mount {mount} will be deleted with all of its settings; nobody can sign in there any more"
            ))?;
            let mut body = Map::new();
            terms.put_into(&mut body);
            client.delete_with(&of(mount), &Value::Object(body)).await?;
            Ok(show::done(
                &format!("The mount {mount} is deleted."),
                output,
            ))
        }
    }
}

fn read(file: &std::path::Path) -> Result<Map<String, Value>, ClientError> {
    let unusable = |problem: String| ClientError::File {
        path: file.to_owned(),
        problem,
    };
    let text = std::fs::read_to_string(file).map_err(|error| unusable(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| unusable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_become_what_the_api_takes() {
        let given = [
            "rp_id=example.com",
            "algorithms=ES256, RS256",
            "timeout=90",
            "self_registration=true",
            "hints=",
            "max_credentials=5",
            "rp_display_name=2024",
            "attachment=platform",
            "two_factor.timeout=2m",
            "two_factor.hints=hybrid",
            "two_factor.attachment=cross-platform",
        ];
        let fields: Vec<_> = given.iter().map(|text| field(text).unwrap()).collect();
        let expected = json!({
            "rp_id": "example.com", "algorithms": ["ES256", "RS256"], "timeout": 90,
            "auto_registration": true, "hints": null, "max_credentials": 5,
            "rp_display_name": "2024", "authenticator_attachment": "platform",
            "two_factor": {
                "timeout": "2m", "hints": ["hybrid"], "authenticator_attachment": "cross-platform",
            },
        });
        assert_eq!(Value::Object(object(&fields)), expected);
        assert!(field("timeout").is_err());
        let off = [
            field("two_factor.timeout=2m").unwrap(),
            field("two_factor=").unwrap(),
        ];
        assert_eq!(Value::Object(object(&off)), json!({ "two_factor": null }));
    }
}
