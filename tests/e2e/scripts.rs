//! The scripts, in a project of their own whose compilers only copy files.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

/// Copies what the module is made of, and takes note.
const CARGO: &str =
    "out=target/wasm32-wasip1/wasm; mkdir -p $out; cp source $out/latchkey_filter.wasm";
const WASM_OPT: &str =
    "eval from=\\${$(($# - 2))}; eval to=\\${$#}; cp \"$from\" \"$to\"; echo x >>optimised";
const RUSTUP: &str = "echo rustc; printf 'wasm32-wasip1\\nwasm32-unknown-unknown\\n'";

fn project(at: &Path) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let tools = at.join(".run/tools/bin");
    fs::create_dir_all(&tools).unwrap();
    copy(&here.join("scripts"), &at.join("scripts"));
    fs::copy(
        here.join("rust-toolchain.toml"),
        at.join("rust-toolchain.toml"),
    )
    .unwrap();
    for (name, does) in [("cargo", CARGO), ("wasm-opt", WASM_OPT), ("rustup", RUSTUP)] {
        let tool = tools.join(name);
        fs::write(&tool, format!("#!/bin/sh\nset -e\n{does}\n")).unwrap();
        fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").args([from, to]).status();
    assert!(done.unwrap().success());
}

fn script(project: &Path, name: &str) -> Output {
    Command::new(project.join("scripts").join(name))
        .env_remove("CARGO_TARGET_DIR")
        .env("PORT", "9000")
        .env("ENVOY_BIN", "/nowhere")
        .output()
        .unwrap()
}

/// What `scripts/build-filter` makes of this source.
fn built(project: &Path, source: &str) -> String {
    fs::write(project.join("source"), source).unwrap();
    let output = script(project, "build-filter");
    assert!(output.status.success(), "{output:?}");
    fs::read_to_string(project.join("target/latchkey.wasm")).unwrap()
}

#[test]
fn a_copied_target_is_made_again_where_its_sources_differ() {
    let directory = tempfile::tempdir().unwrap();
    let (one, two) = (directory.path().join("one"), directory.path().join("two"));
    project(&one);
    assert_eq!(built(&one, "first"), "first");
    assert_eq!(built(&one, "first"), "first");
    let optimised = |project: &Path| fs::read_to_string(project.join("optimised")).unwrap();
    assert_eq!(
        optimised(&one),
        "x\n",
        "of the same module nothing is made again"
    );
    copy(&one, &two);
    assert_eq!(built(&two, "first"), "first");
    assert_eq!(optimised(&two), "x\n", "nor of a copy");
    assert_eq!(built(&two, "second"), "second");
    assert_eq!(built(&one, "first"), "first");
}

#[test]
fn a_second_run_touches_nothing_of_the_first() {
    let directory = tempfile::tempdir().unwrap();
    let project_of_its_own = directory.path().join("project");
    project(&project_of_its_own);
    let run = project_of_its_own.join(".run");
    fs::create_dir(run.join("log")).unwrap();
    let kept = ["log/envoy.log", "envoy.yaml", "latchkey.toml"];
    for file in kept {
        fs::write(run.join(file), "of the first").unwrap();
    }
    let lock = fs::File::create(run.join("run.lock")).unwrap();
    lock.lock().unwrap();
    fs::write(run.join("run.lock"), "process 7, http://localhost:8080\n").unwrap();

    let output = script(&project_of_its_own, "run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for part in [
        "another scripts/run is using this checkout",
        "process 7, http://localhost:8080",
        "Ctrl-C",
    ] {
        assert!(said.contains(part), "{said}");
    }
    for file in kept {
        let text = fs::read_to_string(run.join(file)).unwrap();
        assert_eq!(text, "of the first", "{file}");
    }

    // Without the holder it is free again: the next one says whose it is.
    drop(lock);
    script(&project_of_its_own, "run");
    let owner = fs::read_to_string(run.join("run.lock")).unwrap();
    assert!(owner.ends_with(", http://localhost:9000\n"), "{owner}");
}
