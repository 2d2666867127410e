//! Collects the languages of the pages, so that another one is one more file.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

const LANGUAGES: &str = "src/pages/languages";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={LANGUAGES}");
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join(LANGUAGES);
    let mut files = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<PathBuf>, std::io::Error>>()?;
    files.retain(|file| file.extension().is_some_and(|it| it == "json"));
    files.sort();
    let mut list = String::from("&[\n");
    for file in files {
        println!("cargo::rerun-if-changed={}", file.display());
        let tag = file.file_stem().and_then(|it| it.to_str());
        let tag = tag.ok_or("a language's file is named by its tag")?;
        let path = file.to_str().ok_or("a path that is no text")?;
        writeln!(list, "    ({tag:?}, include_str!({path:?})),")?;
    }
    list.push(']');
    let out = Path::new(&env::var("OUT_DIR")?).join("languages.rs");
    Ok(fs::write(out, list)?)
}
