//! Tables for a terminal.

use crate::cli::operator::Output;
use serde_json::Value;
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr as _;

/// A list as a table, or as it came.
pub(super) fn list<const N: usize>(
    answer: &Value,
    name: &str,
    heads: [&str; N],
    row: impl Fn(&Value) -> [String; N],
    output: Output,
) -> String {
    if output == Output::Json {
        return pretty(answer);
    }
    let rows: Vec<_> = answer[name]
        .as_array()
        .into_iter()
        .flatten()
        .map(row)
        .collect();
    if rows.is_empty() {
        return format!("There are no {name}.");
    }
    let head = heads.map(str::to_owned);
    let lines = || std::iter::once(&head).chain(&rows);
    let widths: Vec<usize> = (0..N)
        .map(|column| {
            let cells = lines().filter_map(|line| line.get(column));
            cells.map(|cell| cell.width()).max().unwrap_or(0)
        })
        .collect();
    let line = |cells: &[String; N]| {
        let padded = cells.iter().zip(&widths);
        let padded = padded.map(|(cell, width)| {
            let left = width.saturating_sub(cell.width());
            format!("{cell}{:left$}", "")
        });
        let line = padded.collect::<Vec<_>>().join("  ");
        line.trim_end().to_owned()
    };
    lines().map(line).collect::<Vec<_>>().join("\n")
}

/// A cell; what is not there is a dash.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::String(text) => plain(text),
        Value::Array(items) if items.is_empty() => "-".to_owned(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// What users chose themselves shall not steer the operator's terminal.
pub(in crate::cli::operator) fn plain(text: &str) -> String {
    let shown = |c| if steers(c) { '\u{fffd}' } else { c };
    text.chars().map(shown).collect()
}

fn steers(c: char) -> bool {
    let bidi = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}');
    c.is_control() || bidi
}

/// JSON to be read by people and programs: what would steer a terminal is there as its escape.
pub(in crate::cli::operator) fn pretty(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        // Line ends are the layout's; all others stand in texts, and have four digits at most.
        if c != '\n' && steers(c) {
            let _ = write!(shown, "\\u{:04x}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_stand_below_each_other_in_every_script() {
        let answer = json!({ "users": [
            { "name": "ann", "shown": "Ann Lind" },
            { "name": "wang", "shown": "王小明的电脑" },
            { "name": "e\u{301}ve", "shown": "-" },
        ] });
        let row = |user: &Value| [text(&user["name"]), text(&user["shown"]), "x".to_owned()];
        let shown = list(&answer, "users", ["NAME", "SHOWN", "X"], row, Output::Table);
        let before_the_last = |line: &str| {
            let (rest, _) = line.rsplit_once(['x', 'X']).unwrap();
            rest.width()
        };
        let widths: Vec<_> = shown.lines().map(before_the_last).collect();
        assert_eq!(widths, [20; 4], "{shown}");
    }
}
