//! The core decides and knows no host; the host shell obeys, and nothing imports it.

use std::{
    fs,
    path::{Path, PathBuf},
};

fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                sources(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// The lines of the core, without comments, that have `word` in them.
fn mentions(word: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = sources(&root)
        .into_iter()
        .filter(|path| !path.starts_with(root.join("host")));
    files
        .flat_map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let code = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            let found = code.filter(|line| line.contains(word));
            found
                .map(|line| format!("{}: {line}", path.display()))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn only_the_host_shell_touches_proxy_wasm() {
    assert_eq!(mentions("proxy_wasm"), [""; 0]);
}

#[test]
fn nothing_imports_the_host_shell() {
    assert_eq!(mentions("host::"), [""; 0]);
}

#[test]
fn the_core_reads_neither_clock_nor_environment() {
    for word in [
        "SystemTime",
        "Instant",
        "std::env",
        "std::fs",
        "std::net::Tcp",
        "unsafe",
    ] {
        assert_eq!(mentions(word), [""; 0], "{word}");
    }
}
