//! Answers as tables, or as the JSON that they came in.

mod links;
mod table;

pub(super) use links::links;
pub(super) use table::{plain, pretty};

use super::Output;
use crate::model::Seconds;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use table::{list, text};

pub(super) fn keys(answer: &Value, output: Output) -> String {
    let row = |key: &Value| {
        [
            "kid",
            "algorithm",
            "state",
            "published_at",
            "signs_from",
            "retires_at",
        ]
        .map(|name| text(&key[name]))
    };
    let heads = [
        "KID",
        "ALGORITHM",
        "STATE",
        "PUBLISHED",
        "SIGNS FROM",
        "RETIRES",
    ];
    let mut shown = list(answer, "keys", heads, row, output);
    if output == Output::Table
        && let Some(warning) = answer["warning"].as_str()
    {
        let _ = write!(shown, "\nWarning: {warning}");
    }
    shown
}

/// What was done to the keys, and how they are now.
pub(super) fn changed_keys(done: &str, answer: &Value, output: Output) -> String {
    let shown = keys(answer, output);
    if output == Output::Json {
        return shown;
    }
    let of = |state: &str| {
        let mut keys = answer["keys"].as_array().into_iter().flatten();
        let found = keys.find(|key| key["state"] == state);
        found.map_or("-".to_owned(), |key| text(&key["kid"]))
    };
    let (signs, next) = (of("signs"), of("next"));
    let done = plain(done);
    format!("{done}: {signs} signs from now on, {next} is published to follow it.\n\n{shown}")
}

pub(super) fn sessions(answer: &Value, output: Output) -> String {
    let row = |session: &Value| {
        [
            "user_name",
            "id",
            "auth_time",
            "idle_until",
            "expires_at",
            "acr",
            "address",
            "user_agent",
        ]
        .map(|name| text(&session[name]))
    };
    let heads = [
        "USER",
        "SESSION",
        "SIGNED IN",
        "IDLE UNTIL",
        "ENDS",
        "ACR",
        "ADDRESS",
        "USER AGENT",
    ];
    paged(answer, list(answer, "sessions", heads, row, output), output)
}

pub(super) fn users(answer: &Value, output: Output) -> String {
    let row = |user: &Value| {
        [
            text(&user["name"]),
            text(&user["display_name"]),
            text(&user["email"]),
            text(&user["groups"]),
            text(&user["passkeys"]),
            text(&user["last_login_at"]),
            status(user).to_owned(),
        ]
    };
    let heads = [
        "NAME",
        "DISPLAY NAME",
        "EMAIL",
        "GROUPS",
        "PASSKEYS",
        "LAST SIGN-IN",
        "STATUS",
    ];
    paged(answer, list(answer, "users", heads, row, output), output)
}

/// Says where a list goes on that is not at its end.
fn paged(answer: &Value, mut shown: String, output: Output) -> String {
    if output == Output::Table
        && let Some(next) = answer["next"].as_str()
    {
        let _ = write!(shown, "\nThere are more: --after {}, or --all", plain(next));
    }
    shown
}

pub(super) fn user(user: &Value, output: Output) -> String {
    if output == Output::Json {
        return pretty(&without_pictures(user));
    }
    let lines = [
        ("Name", text(&user["name"])),
        ("Id", text(&user["id"])),
        ("Display name", text(&user["display_name"])),
        ("Email", text(&user["email"])),
        ("Groups", text(&user["groups"])),
        ("Policies", text(&user["policies"])),
        ("Status", status(user).to_owned()),
        ("Created", text(&user["created_at"])),
        ("Last sign-in", text(&user["last_login_at"])),
        ("Passkeys", passkeys_of(user)),
        ("Codes left", text(&user["recovery_codes"])),
        ("Sessions", text(&user["sessions"])),
        ("Limits", limits(user)),
        ("Link out", link_out(&user["enrolment"])),
    ];
    let lines = lines.map(|(name, value)| format!("{name:<14}{value}"));
    lines.join("\n")
}

/// Whom a deletion is about, and what goes with them.
pub(super) fn to_be_deleted(user: &Value) -> String {
    let [name, display_name] = ["name", "display_name"].map(|it| text(&user[it]));
    let who = if name == display_name {
        name
    } else {
        format!("{name} ({display_name})")
    };
    format!(
        "{who} will be deleted for good, passkeys: {}, sessions: {}; nobody can have the name again",
        user["passkeys"], user["sessions"]
    )
}

fn passkeys_of(user: &Value) -> String {
    let mut shown = text(&user["passkeys"]);
    if user["disabled_passkeys"].as_u64().is_some_and(|it| it > 0) {
        let _ = write!(shown, ", {} of them disabled", user["disabled_passkeys"]);
    }
    if user["must_register_passkey"] == true {
        shown.push_str("; has to add one at the next sign-in");
    }
    shown
}

/// Those that are not as everyone's.
fn limits(user: &Value) -> String {
    let names = ["token_ttl", "token_period", "token_max_ttl"];
    let set = names.iter().filter_map(|name| {
        let seconds = user[*name].as_u64().filter(|it| *it > 0)?;
        Some(format!("{name} {}", Seconds(seconds)))
    });
    let set: Vec<_> = set.collect();
    if set.is_empty() {
        "-".to_owned()
    } else {
        set.join(", ")
    }
}

/// The pictures of links are for pages: 20 KB each, and the link is beside them.
fn without_pictures(answer: &Value) -> Value {
    let mut answer = answer.clone();
    if let Some(link) = answer["enrolment"].as_object_mut() {
        link.remove("qr_svg");
    }
    answer
}

fn link_out(link: &Value) -> String {
    if link.is_null() {
        return "-".to_owned();
    }
    let [by, mount, until] = ["created_by", "mount", "expires_at"].map(|it| text(&link[it]));
    let was = if link["expired"] == true { "was" } else { "is" };
    format!("made by {by} for {mount}, {was} good until {until}")
}

pub(super) fn done(text: &str, output: Output) -> String {
    match output {
        Output::Table => plain(text),
        Output::Json => pretty(&json!({ "done": true })),
    }
}

/// A user that was made or changed, and the link where one was.
pub(super) fn made(answer: &Value, output: Output) -> String {
    let mut shown = user(answer, output);
    if output == Output::Json {
        return shown;
    }
    if answer["enrolment"]["link"].is_string() {
        let _ = write!(shown, "\n{}", link(answer, output));
    }
    for warning in answer["warnings"].as_array().into_iter().flatten() {
        let _ = write!(shown, "\nWarning: {}", text(warning));
    }
    shown
}

/// A one-time link.
pub(super) fn link(answer: &Value, output: Output) -> String {
    if output == Output::Json {
        return pretty(&without_pictures(answer));
    }
    let link = &answer["enrolment"];
    // At a mount with pages of its own there is no link of ours.
    let (name, secret) = match &link["link"] {
        Value::String(_) => ("Link", &link["link"]),
        _ => ("Code", &link["code"]),
    };
    format!(
        "{name:<14}{}\n{:<14}{} (once)",
        text(secret),
        "Good until",
        text(&link["expires_at"])
    )
}

pub(super) fn mounts(answer: &Value, output: Output) -> String {
    let row = |mount: &Value| {
        let second = if mount["two_factor"].is_object() {
            "yes"
        } else {
            "no"
        };
        let state = match &mount["problem"] {
            Value::String(problem) => format!("not served: {}", plain(problem)),
            _ => "served".to_owned(),
        };
        let [name, rp_id, attestation, declared] =
            ["name", "rp_id", "attestation", "declared_in"].map(|it| text(&mount[it]));
        [name, rp_id, attestation, second.to_owned(), declared, state]
    };
    let heads = [
        "MOUNT",
        "RP ID",
        "ATTESTATION",
        "TWO FACTOR",
        "DECLARED IN",
        "STATE",
    ];
    list(answer, "mounts", heads, row, output)
}

/// One line for each setting; those of the second policy below it.
pub(super) fn mount(mount: &Value, output: Output) -> String {
    if output == Output::Json {
        return pretty(mount);
    }
    let mut lines = Vec::new();
    let settings = mount.as_object().into_iter().flatten();
    // What should be known of it stands below; `causes` says the same to programs.
    for (name, value) in
        settings.filter(|(name, _)| !["causes", "warnings"].contains(&name.as_str()))
    {
        match value {
            Value::Object(inner) => lines.extend(inner.iter().map(|(inner, value)| {
                let name = format!("{name}.{inner}");
                format!("{name:<42}{}", text(value))
            })),
            value => lines.push(format!("{name:<42}{}", text(value))),
        }
    }
    let warnings = mount["warnings"].as_array().into_iter().flatten();
    lines.extend(warnings.map(|warning| format!("Warning: {}", text(warning))));
    lines.join("\n")
}

pub(super) fn passkeys(answer: &Value, output: Output) -> String {
    let row = |passkey: &Value| {
        let names = ["id", "label", "authenticator", "created_at", "last_used_at"];
        let [id, label, authenticator, created, used] = names.map(|name| text(&passkey[name]));
        let state = match (&passkey["disabled_at"], &passkey["backup_state"]) {
            (Value::String(_), _) => "disabled",
            (_, Value::Bool(true)) => "synced",
            _ => "on one device",
        };
        let attested = passkey["attested"] == true;
        let attested = if attested { "yes" } else { "no" }.to_owned();
        [
            id,
            label,
            authenticator,
            created,
            used,
            state.to_owned(),
            attested,
        ]
    };
    let heads = [
        "ID",
        "LABEL",
        "AUTHENTICATOR",
        "CREATED",
        "LAST USED",
        "STATE",
        "ATTESTED",
    ];
    list(answer, "passkeys", heads, row, output)
}

pub(super) fn audit(answer: &Value, output: Output) -> String {
    let row = |record: &Value| {
        let result = match (&record["reason"], record["count"].as_u64()) {
            (Value::String(_), Some(count)) if count > 1 => {
                format!("refused: {} ({count} times)", text(&record["reason"]))
            }
            (Value::String(_), _) => format!("refused: {}", text(&record["reason"])),
            _ => "done".to_owned(),
        };
        let [at, actor, action, user, address, detail] =
            ["at", "actor", "action", "user", "address", "detail"].map(|name| text(&record[name]));
        [at, actor, action, user, result, address, detail]
    };
    let heads = ["WHEN", "WHO", "WHAT", "WHOM", "RESULT", "ADDRESS", "DETAIL"];
    paged(answer, list(answer, "records", heads, row, output), output)
}

fn status(user: &Value) -> &'static str {
    if user["disabled"] == true {
        "disabled"
    } else {
        "enabled"
    }
}

/// What became of one user of an import, or of one name.
pub(super) fn imported(list: &str, line: &Value) -> String {
    let texts = |name: &str| {
        let texts = line[name].as_array().into_iter().flatten();
        texts.map(text).collect::<Vec<_>>()
    };
    let why = [texts("reasons"), texts("notes")].concat().join("; ");
    let (index, name) = (text(&line["index"]), text(&line["name"]));
    format!("{list}[{index}] {name}: {}: {why}", text(&line["outcome"]))
}

/// Tells whoever waits how far it is: on one line of a terminal, elsewhere a line each.
pub(super) fn progress(text: &str) {
    let mut waiting = std::io::stderr();
    // What cannot be shown ends nothing.
    let _ = if waiting.is_terminal() {
        write!(waiting, "\r\x1b[K{text}")
    } else {
        writeln!(waiting, "{text}")
    };
}

/// After the last [`progress`].
pub(super) fn progress_ends() {
    let mut waiting = std::io::stderr();
    if waiting.is_terminal() {
        let _ = write!(waiting, "\r\x1b[K");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_columns_and_steers_no_terminal() {
        let answer = json!({ "users": [
            { "name": "ann", "id": "1", "display_name": "Ann\u{1b}[31m\nroot", "email": null, "disabled": true },
            { "name": "berta", "id": "2", "display_name": "", "email": "b@example.com", "disabled": false },
        ], "next": "berta" });
        let shown = users(&answer, Output::Table);
        let lines: Vec<_> = shown.lines().collect();
        assert_eq!(lines.len(), 4, "{shown}");
        assert!(
            lines[1].starts_with("ann    Ann\u{fffd}[31m\u{fffd}root"),
            "{shown}"
        );
        assert!(lines[1].ends_with("disabled") && lines[2].ends_with("enabled"));
        assert_eq!(lines[3], "There are more: --after berta, or --all");
        assert!(users(&answer, Output::Json).contains("\"next\": \"berta\""));
        assert_eq!(
            users(&json!({ "users": [] }), Output::Table),
            "There are no users."
        );
    }

    #[test]
    fn json_steers_no_terminal_and_says_the_same() {
        let agent = "evil\u{9b}31m\u{202e}\u{61c}\u{7f}é";
        let answer = json!({ "sessions": [{ "user_agent": agent }] });
        let shown = sessions(&answer, Output::Json);
        assert!(
            shown.contains(r"evil\u009b31m\u202e\u061c\u007fé"),
            "{shown}"
        );
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), answer);
    }
}
