//! Who may know whom inside the sidecar, read from its `use` lines.

use std::fs;
use std::path::{Path, PathBuf};

/// What each part may import from this crate. Anything else is a mistake in the arrows.
const ALLOWED: [(&str, &[&str]); 7] = [
    ("model", &[]),
    ("attestation", &["model"]),
    ("storage", &["model", "clock", "entropy"]),
    ("ceremony", &["attestation", "model", "entropy"]),
    ("issuer", &["model", "clock", "entropy"]),
    ("pages", &["model", "storage"]),
    (
        "routes",
        &[
            "app",
            "ceremony",
            "entropy",
            "issuer",
            "model",
            "pages",
            "problem",
            "revocation",
            "storage",
        ],
    ),
];

/// Crates that only some parts may name.
const CONFINED: [(&str, &[&str]); 7] = [
    ("sled", &["storage/embedded"]),
    (
        "axum",
        &["app", "pages", "problem.rs", "routes", "serve", "run.rs"],
    ),
    ("webauthn_rs_core", &["ceremony"]),
    ("chacha20poly1305", &["issuer"]),
    ("webpki", &["attestation"]),
    ("crypto_glue", &["attestation"]),
    ("utoipa", &["routes"]),
];

#[test]
fn parts_import_only_what_the_arrows_allow() {
    for (part, allowed) in ALLOWED {
        for file in files(&source().join(part)) {
            for imported in imports_of_this_crate(&code(&file)) {
                assert!(
                    imported == part || allowed.contains(&imported.as_str()),
                    "{} imports {imported}",
                    file.display()
                );
            }
        }
    }
}

#[test]
fn confined_crates_stay_where_they_belong() {
    for (name, places) in CONFINED {
        for file in files(&source()) {
            let place = file.strip_prefix(source()).unwrap().to_str().unwrap();
            let named = code(&file).contains(&format!("{name}::"));
            assert!(
                !named || places.iter().any(|allowed| place.starts_with(allowed)),
                "{place} names {name}"
            );
        }
    }
}

#[test]
fn only_state_names_a_backend() {
    for file in files(&source()) {
        let place = file.strip_prefix(source()).unwrap().to_str().unwrap();
        let text = code(&file);
        let names = text.contains("MemoryStore") || text.contains("EmbeddedStore");
        assert!(
            !names || place == "state.rs" || place.starts_with("storage/"),
            "{place} names a backend"
        );
    }
}

#[test]
fn only_the_clock_and_the_entropy_ask_the_system() {
    for file in files(&source()) {
        let place = file.strip_prefix(source()).unwrap().to_str().unwrap();
        let text = code(&file);
        assert!(
            !text.contains("SystemTime::now") || place == "clock.rs",
            "{place}"
        );
        assert!(
            !text.contains("getrandom::") || place == "entropy.rs",
            "{place}"
        );
    }
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every source file below, tests left out: they may build whatever they need.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if matches!(
            name,
            "tests" | "tests.rs" | "conformance.rs" | "conformance"
        ) {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// A file without its comments and without the test module at its end.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The first segment after each `crate::`, groups included.
fn imports_of_this_crate(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for rest in text.split("crate::").skip(1) {
        let group = rest
            .strip_prefix('{')
            .and_then(|group| group.split("};").next());
        for path in group.map_or_else(|| vec![rest], top_level) {
            let segment = path
                .trim()
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .next();
            found.extend(segment.filter(|it| !it.is_empty()).map(str::to_owned));
        }
    }
    found
}

/// Splits `a::{b, c}, d` into `a::{b, c}` and `d`.
fn top_level(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_u32, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&group[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&group[start..]);
    parts
}
