//! Every language has every text, and every text is one that a page says.

use super::*;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// CLDR's plural categories.
const PLURALS: [&str; 6] = ["zero", "one", "two", "few", "many", "other"];

/// What a text has besides its words.
#[derive(Debug, PartialEq, Eq)]
struct Shape {
    placeholders: BTreeSet<String>,
    plural: bool,
}

fn file(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn english() -> Value {
    let (_, text) = FILES.iter().find(|(tag, _)| *tag == DEFAULT).unwrap();
    file(text)
}

fn placeholders(text: &str) -> BTreeSet<String> {
    let opened = text.split('{').skip(1);
    opened
        .map(|rest| {
            let (name, _) = rest.split_once('}').expect("a placeholder ends");
            assert!(name.chars().all(char::is_alphanumeric), "{text}");
            name.to_owned()
        })
        .collect()
}

/// Path and shape of every text; the forms of a plural are one text.
fn shapes(value: &Value, path: &str, found: &mut BTreeMap<String, Shape>) {
    let mut below = |name: &str, part: &Value| {
        let path = format!("{path}{}{name}", if path.is_empty() { "" } else { "." });
        shapes(part, &path, found);
    };
    match value {
        Value::Object(forms) if forms.keys().all(|it| PLURALS.contains(&it.as_str())) => {
            let other = forms.get("other").and_then(Value::as_str);
            let wanted = placeholders(other.unwrap_or_else(|| panic!("{path}: no other")));
            for form in forms.values() {
                let own = placeholders(form.as_str().unwrap());
                assert!(own.is_subset(&wanted), "{path}: {form}");
            }
            let shape = Shape {
                placeholders: wanted,
                plural: true,
            };
            found.insert(path.to_owned(), shape);
        }
        Value::Object(parts) => parts.iter().for_each(|(name, part)| below(name, part)),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                below(&index.to_string(), item);
            }
        }
        Value::String(text) => {
            assert!(
                path == "language.gap" || !text.trim().is_empty(),
                "{path} is empty"
            );
            let shape = Shape {
                placeholders: placeholders(text),
                plural: false,
            };
            found.insert(path.to_owned(), shape);
        }
        other => panic!("{path}: {other}"),
    }
}

fn texts(language: &Value) -> BTreeMap<String, Shape> {
    let mut found = BTreeMap::new();
    shapes(language, "", &mut found);
    // How many ranges a language has is its own affair.
    found.retain(|path, _| !path.starts_with("language.ranges."));
    found
}

fn sources(folder: &str, extension: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/pages")
        .join(folder);
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = files.filter(|file| file.extension().is_some_and(|it| it == extension));
    files
        .map(|file| {
            let name = file.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(file).unwrap())
        })
        .collect()
}

/// The quoted texts of templates and of the code behind them that look like keys.
fn asked_by_templates(texts: &BTreeMap<String, Shape>) -> BTreeSet<String> {
    let mut asked = BTreeSet::new();
    for (name, source) in sources("templates", "html") {
        for call in ["frame.say(\"", "frame.around(\""] {
            for rest in source.split(call).skip(1) {
                let key = rest.split('"').next().unwrap();
                assert!(texts.contains_key(key), "{name}: there is no text {key}");
                let one = texts[key].placeholders.len() == 1;
                let around = call.contains("around");
                let none = texts[key].placeholders.is_empty();
                assert!(
                    if around { one } else { none },
                    "{name}: {key} and its placeholders"
                );
                asked.insert(key.to_owned());
            }
        }
    }
    let mut sections: BTreeSet<&str> = texts.keys().filter_map(|it| it.split('.').next()).collect();
    sections.remove("language");
    let code = [".", "views"].into_iter();
    for (name, source) in code.flat_map(|folder| sources(folder, "rs")) {
        for quoted in source.split('"').skip(1).step_by(2) {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '.';
            let section = quoted.split_once('.').map_or("", |(section, _)| section);
            let file = ["mjs", "js", "css", "svg", "html"]
                .iter()
                .any(|it| quoted.ends_with(it));
            if !file && quoted.chars().all(plain) && sections.contains(section) {
                assert!(
                    texts.contains_key(quoted),
                    "{name}: there is no text {quoted}"
                );
                asked.insert(quoted.to_owned());
            }
        }
    }
    asked
}

/// What the scripts ask for, as paths below `scripts`: whole parts where a script chooses among
/// them by itself.
fn asked_by_scripts() -> BTreeSet<String> {
    let mut asked = BTreeSet::new();
    for (_, source) in sources("assets", "mjs") {
        for line in source.lines().filter(|line| line.starts_with("import ")) {
            let imported = line.strip_prefix("import ").unwrap();
            let Some((variable, from)) = imported.split_once(" from './") else {
                continue;
            };
            let module = from.split(".mjs").next().unwrap();
            if !module.ends_with("words") {
                continue;
            }
            for rest in source.split(&format!("{variable}.")).skip(1) {
                let path: String = rest
                    .chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || *c == '.')
                    .collect();
                if !path.starts_with("mjs") {
                    asked.insert(format!("scripts.{module}.{path}"));
                }
            }
        }
    }
    asked
}

#[test]
fn every_language_has_every_text_with_its_placeholders() {
    let wanted = texts(&english());
    assert!(wanted.len() > 200, "{}", wanted.len());
    for (tag, text) in FILES {
        let found = texts(&file(text));
        for (key, shape) in &wanted {
            assert_eq!(found.get(key), Some(shape), "{tag}: {key}");
        }
        for key in found.keys() {
            assert!(
                wanted.contains_key(key),
                "{tag}: {key} is in no other language"
            );
        }
    }
}

#[test]
fn every_language_says_it_in_its_own_words() {
    let flat = |text: &str| Words::parse("x", text).unwrap().texts;
    let (_, english) = FILES.iter().find(|(tag, _)| *tag == DEFAULT).unwrap();
    let english = flat(english);
    for (_, text) in FILES.iter().filter(|(tag, _)| *tag != DEFAULT) {
        let same = |(key, text): &(String, String)| english.get(key) == Some(text);
        let same: Vec<_> = flat(text).into_iter().filter(same).collect();
        assert!(same.len() * 20 < english.len(), "{same:?}");
    }
}

#[test]
fn every_text_is_said_and_nothing_else_is_asked_for() {
    let texts = texts(&english());
    let templates = asked_by_templates(&texts);
    let scripts = asked_by_scripts();
    for path in &scripts {
        let within = |it: &String| it == path || it.starts_with(&format!("{path}."));
        assert!(texts.keys().any(within), "a script asks for {path}");
    }
    for key in texts.keys() {
        let in_part = |path: &String| key == path || key.starts_with(&format!("{path}."));
        let used = templates.contains(key) || scripts.iter().any(in_part);
        // These are what the languages themselves are made of.
        assert!(
            used || key.starts_with("language."),
            "nothing says the text {key}"
        );
    }
}

#[test]
fn languages_are_found_by_the_tags_of_their_files() {
    let languages = Languages::built_in();
    let tags: Vec<_> = languages.all().map(|words| words.tag()).collect();
    assert_eq!(tags, ["en", "zh-Hans"]);
    for tag in tags {
        let words = languages.find(tag).unwrap();
        assert!(words.ranges.iter().any(|range| range == tag), "{tag}");
        let mut headers = HeaderMap::new();
        headers.insert("accept-language", tag.parse().unwrap());
        assert_eq!(languages.of(&headers).tag(), tag);
    }
    assert!(languages.find("xx").is_none());
}

#[test]
fn days_are_written_as_the_language_does() {
    let languages = Languages::built_in();
    let day = time::Date::from_calendar_date(2026, time::Month::March, 4).unwrap();
    let written = |tag| languages.find(tag).unwrap().date(day);
    assert_eq!(written("en"), "4 March 2026");
    assert_eq!(written("zh-Hans"), "2026年3月4日");
}

#[test]
fn a_text_is_split_where_its_placeholder_stands() {
    let languages = Languages::built_in();
    let words = languages.find("en").unwrap();
    assert_eq!(words.around("logout.as"), ("You are signed in as ", "."));
    assert_eq!(words.around("logout.leave"), ("Sign out", ""));
    assert_eq!(words.say("no.such.text"), "no.such.text");
}
