//! The `latchkey` program: reads the command line, and puts the parts together.

use clap::Parser as _;
use latchkey::cli::check_config::{self, Checked, disagreements};
use latchkey::cli::operator::{self, Order, Reach};
use latchkey::cli::{Cli, Command};
use latchkey::config::{Config, Environment, process_environment};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The command line or a configuration is wrong. (clap uses 2 as well.)
const USAGE: u8 = 2;
/// Something failed while running.
const FAILED: u8 = 1;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let environment = process_environment();
    match cli.command {
        Command::Serve { config } => serve(&config, &environment),
        Command::CheckConfig { files } => check(&files, &environment),
        Command::Keys { order, reach } => give(&Order::Keys(&order), &reach, &environment),
        Command::Sessions { order, reach } => give(&Order::Sessions(&order), &reach, &environment),
        Command::Users { order, reach } => give(&Order::Users(&order), &reach, &environment),
        Command::Mounts { order, reach } => give(&Order::Mounts(&order), &reach, &environment),
        Command::Audit { search, reach } => give(&Order::Audit(&search), &reach, &environment),
        Command::Admin { order, reach } => give(&Order::Admin(&order), &reach, &environment),
        Command::Export { order, reach } => give(&Order::Export(&order), &reach, &environment),
        Command::Import { order, reach } => give(&Order::Import(&order), &reach, &environment),
        Command::Completions { shell } => complete(shell),
    }
}

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the answer of the command"
)]
fn check(files: &[PathBuf], environment: &Environment) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    let (mut sidecars, mut filters) = (Vec::new(), Vec::new());
    for file in files {
        match check_config::check(file, environment) {
            Ok(checked) => {
                println!("{}: {checked}", file.display());
                match checked {
                    Checked::Sidecar { terms, .. } => sidecars.push(terms),
                    Checked::Filter { terms, .. } => {
                        filters.extend(terms.into_iter().map(|terms| (file, terms)));
                    }
                }
            }
            Err(problem) => {
                eprintln!("{}: {problem}", file.display());
                code = ExitCode::from(USAGE);
            }
        }
    }
    // With several sidecars nobody can tell which filter is whose.
    if let [sidecar] = sidecars.as_slice() {
        for (file, filter) in &filters {
            for difference in disagreements(sidecar, filter) {
                eprintln!("{}: nobody could get in: {difference}", file.display());
                code = ExitCode::from(USAGE);
            }
        }
    }
    code
}

/// A script for a shell.
fn complete(shell: clap_complete::Shell) -> ExitCode {
    let script = latchkey::cli::completions(shell);
    match std::io::stdout().write_all(&script) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(FAILED),
    }
}

/// An order to the running sidecar.
#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the answer of the command"
)]
fn give(order: &Order<'_>, reach: &Reach, environment: &Environment) -> ExitCode {
    // The key-encryption key may be out of this person's reach, and is not needed.
    let config = std::fs::read_to_string(&reach.config)
        .map_err(|error| error.to_string())
        .and_then(|text| Config::parse_elsewhere(&text, environment).map_err(|e| e.to_string()));
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            eprintln!("latchkey: {}: {error}", reach.config.display());
            return ExitCode::from(USAGE);
        }
    };
    match operator::run(config.control_socket().as_deref(), order, reach.output) {
        // Nothing where it went to standard output already.
        Ok(answer) if answer.is_empty() => ExitCode::SUCCESS,
        Ok(answer) => {
            println!("{answer}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("latchkey: {error}");
            ExitCode::from(FAILED)
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "nothing is logged before the configuration says how, or where it says that nothing is"
)]
fn serve(file: &Path, environment: &Environment) -> ExitCode {
    let config = match Config::load(file, environment) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("latchkey: {}: {error}", file.display());
            return ExitCode::from(USAGE);
        }
    };
    latchkey::log::begin(&config.log);
    match latchkey::run::run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if tracing::enabled!(tracing::Level::ERROR) {
                tracing::error!("{error}");
            } else {
                eprintln!("latchkey: {error}");
            }
            ExitCode::from(FAILED)
        }
    }
}
