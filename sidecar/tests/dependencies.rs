//! Who may know whom inside the sidecar, read from its `use` lines.

use std::fs;
use std::path::{Path, PathBuf};

/// What each part may import from this crate. Anything else is a mistake in the arrows.
const ALLOWED: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("attestation", &["model"]),
    ("storage", &["model"]),
    ("ceremony", &["attestation", "model"]),
    ("issuer", &["model", "entropy"]),
    ("revocation", &["model", "storage"]),
    ("pages", &["model", "storage"]),
    ("config", &["attestation", "ceremony", "model", "pages"]),
    (
        "app",
        &[
            "attestation",
            "ceremony",
            "clock",
            "config",
            "entropy",
            "issuer",
            "model",
            "revocation",
            "routes",
            "storage",
        ],
    ),
    ("serve", &["config"]),
    ("cli", &["config", "model"]),
    ("clock.rs", &["model"]),
    ("entropy.rs", &[]),
    ("key_file.rs", &["config", "entropy", "storage"]),
    ("log.rs", &["config"]),
    ("problem.rs", &["model"]),
    ("state.rs", &["config", "storage"]),
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

/// What puts the parts together. `lib.rs` only names them.
const ABOVE_ALL: &[(&str, &[&str])] = &[
    (
        "run.rs",
        &[
            "app", "clock", "config", "entropy", "key_file", "routes", "serve", "state", "storage",
        ],
    ),
    ("main.rs", &["cli", "config", "log", "run"]),
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
    for (part, allowed) in ALLOWED.iter().chain(ABOVE_ALL) {
        for file in files(&source().join(part)) {
            // The program is a crate of its own, which calls the other by its name.
            let code = match *part {
                "main.rs" => code(&file).replace("latchkey::", "crate::"),
                _ => code(&file),
            };
            for imported in imports_of_this_crate(&code) {
                assert!(
                    imported == *part || allowed.contains(&imported.as_str()),
                    "{} imports {imported}",
                    file.display()
                );
            }
        }
    }
}

#[test]
fn every_part_has_arrows() {
    for entry in fs::read_dir(source()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let mut parts = ALLOWED.iter().chain(ABOVE_ALL);
        assert!(
            name == "lib.rs" || parts.any(|(part, _)| *part == name),
            "nothing says what {name} may import"
        );
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
    if directory.is_file() {
        return vec![directory.to_owned()];
    }
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
