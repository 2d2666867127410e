//! Links for many: for people, for programs, and for a mail merge.

use super::table::{list, plain, pretty, text};
use crate::cli::operator::Output;
use serde_json::{Value, json};

/// All that were made.
pub(in crate::cli::operator) fn links(links: &[Value], csv: bool, output: Output) -> String {
    let answer = json!({ "links": links });
    if csv {
        return merge(links);
    }
    if output == Output::Json {
        return pretty(&answer);
    }
    if links.is_empty() {
        return "Nobody needs a link.".to_owned();
    }
    let row = |it: &Value| {
        let [name, email, until] = ["name", "email", "expires_at"].map(|field| text(&it[field]));
        [name, email, until, text(opener(it))]
    };
    list(&answer, "links", ["NAME", "EMAIL", "GOOD UNTIL", "LINK"], row, output)
}

/// The link; at a mount with pages of its own, where there is no link of ours, the code.
fn opener(link: &Value) -> &Value {
    match &link["link"] {
        Value::String(_) => &link["link"],
        _ => &link["code"],
    }
}

/// RFC 4180, with line ends as this system has them.
fn merge(links: &[Value]) -> String {
    let mut lines = vec!["name,display_name,email,link,good_until".to_owned()];
    lines.extend(links.iter().map(|it| {
        let fields = [&it["name"], &it["display_name"], &it["email"], opener(it), &it["expires_at"]];
        fields.map(|value| cell(value.as_str().unwrap_or_default())).join(",")
    }));
    lines.join("\n")
}

/// Spreadsheets take what begins so for a formula; names are not always the administrator's own words.
fn cell(value: &str) -> String {
    let value = plain(value);
    let value = match value.chars().next() {
        Some('=' | '+' | '-' | '@') => format!("'{value}"),
        _ => value,
    };
    if value.contains([',', '"']) {
        format!("\"{}\"", value.replace('"', "\"\""))
    } else {
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_merge_reads_every_name_as_a_name() {
        let made = [
            json!({ "name": "ann", "display_name": "Lind, \"Ann\"", "email": null,
                "link": "https://a.example/_latchkey/enroll#x", "code": "x", "expires_at": "2026" }),
            json!({ "name": "bob", "display_name": "=1+1\r\n", "email": "b@example.com",
                "link": null, "code": "y", "expires_at": "2026" }),
        ];
        assert_eq!(
            links(&made, true, Output::Table),
            "name,display_name,email,link,good_until\n\
             ann,\"Lind, \"\"Ann\"\"\",,https://a.example/_latchkey/enroll#x,2026\n\
             bob,'=1+1\u{fffd}\u{fffd},b@example.com,y,2026"
        );
        assert_eq!(links(&[], false, Output::Table), "Nobody needs a link.");
    }
}
