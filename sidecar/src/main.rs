//! The `latchkey` program: reads the command line, and puts the parts together.

use clap::Parser as _;
use latchkey::cli::check_config::{self, Checked, disagreements};
use latchkey::cli::operator::{self, Order, Reach};
use latchkey::cli::{Cli, Command, EXAMPLE_CONFIG, complain, print};
use latchkey::config::{Config, ConfigError, Environment, process_environment};
use std::io::ErrorKind;
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
        Command::CheckConfig { strict, files } => check(&files, strict, &environment),
        Command::Keys { order, reach } => give(&Order::Keys(&order), &reach, &environment),
        Command::Sessions { order, reach } => give(&Order::Sessions(&order), &reach, &environment),
        Command::Users { order, reach } => give(&Order::Users(&order), &reach, &environment),
        Command::Mounts { order, reach } => give(&Order::Mounts(&order), &reach, &environment),
        Command::Audit { search, reach } => give(&Order::Audit(&search), &reach, &environment),
        Command::Admin { order, reach } => give(&Order::Admin(&order), &reach, &environment),
        Command::Export { order, reach } => give(&Order::Export(&order), &reach, &environment),
        Command::Import { order, reach } => give(&Order::Import(&order), &reach, &environment),
        Command::ExampleConfig => wrote(EXAMPLE_CONFIG),
        Command::Completions { shell } => wrote(latchkey::cli::completions(shell)),
    }
}

fn check(files: &[PathBuf], strict: bool, environment: &Environment) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    let (mut sidecars, mut filters) = (Vec::new(), Vec::new());
    for file in files {
        match check_config::check(file, environment) {
            Ok(checked) => {
                if let Err(failed) = printed(format!("{}: {checked}\n", file.display())) {
                    code = failed;
                }
                if strict && !checked.notices().is_empty() {
                    complain(format_args!("{}: --strict: it has notes", file.display()));
                    code = ExitCode::from(USAGE);
                }
                match checked {
                    Checked::Sidecar { terms, .. } => sidecars.push(terms),
                    Checked::Filter { terms, .. } => {
                        filters.extend(terms.into_iter().map(|terms| (file, terms)));
                    }
                }
            }
            Err(problem) => {
                complain(format_args!("{}: {problem}", file.display()));
                code = ExitCode::from(USAGE);
            }
        }
    }
    // With several sidecars nobody can tell which filter is whose.
    if let [sidecar] = sidecars.as_slice() {
        for (file, filter) in &filters {
            let differences = disagreements(sidecar, filter);
            if differences.is_empty() {
                let agreed = format!("{}: agrees with the sidecar\n", file.display());
                if let Err(failed) = printed(agreed) {
                    code = failed;
                }
            }
            for difference in differences {
                complain(format_args!(
                    "{}: nobody could get in: {difference}",
                    file.display()
                ));
                code = ExitCode::from(USAGE);
            }
        }
    }
    code
}

/// What is all of a command.
fn wrote(answer: impl AsRef<[u8]>) -> ExitCode {
    printed(answer).map_or_else(|failed| failed, |()| ExitCode::SUCCESS)
}

/// A configuration that cannot be used. That there is none is what newcomers meet first.
fn unusable(file: &Path, error: &ConfigError) -> ExitCode {
    match error {
        ConfigError::File(error) if error.kind() == ErrorKind::NotFound => {
            let place = std::path::absolute(file);
            complain(format_args!(
                "latchkey: {}: there is no such file. Say where the configuration is with --config \
                 FILE or in LATCHKEY_CONFIG; without either it is latchkey.toml in the directory that \
                 you are in. `latchkey example-config` shows one",
                place.as_deref().unwrap_or(file).display()
            ));
        }
        error => complain(format_args!("latchkey: {}: {error}", file.display())),
    }
    ExitCode::from(USAGE)
}

/// Prints an answer; where it cannot be written, says so.
fn printed(answer: impl AsRef<[u8]>) -> Result<(), ExitCode> {
    print(answer.as_ref()).map_err(|error| {
        complain(format_args!(
            "latchkey: the answer could not be written: {error}"
        ));
        ExitCode::from(FAILED)
    })
}

/// An order to the running sidecar.
fn give(order: &Order<'_>, reach: &Reach, environment: &Environment) -> ExitCode {
    // The key-encryption key may be out of this person's reach, and is not needed.
    let config = std::fs::read_to_string(&reach.config)
        .map_err(ConfigError::from)
        .and_then(|text| Config::parse_elsewhere(&text, environment));
    let config = match config {
        Ok(config) => config,
        Err(error) => return unusable(&reach.config, &error),
    };
    match operator::run(config.control_socket().as_deref(), order, reach.output) {
        // Nothing where it went to standard output already.
        Ok(answer) if answer.is_empty() => ExitCode::SUCCESS,
        Ok(answer) => wrote(answer + "\n"),
        Err(error) if error.is_closed_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            complain(format_args!("latchkey: {error}"));
            ExitCode::from(if error.is_usage() { USAGE } else { FAILED })
        }
    }
}

fn serve(file: &Path, environment: &Environment) -> ExitCode {
    let config = match Config::load(file, environment) {
        Ok(config) => config,
        Err(error) => return unusable(file, &error),
    };
    latchkey::log::begin(&config.log);
    match latchkey::run::run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if tracing::enabled!(tracing::Level::ERROR) {
                tracing::error!("{error}");
            } else {
                complain(format_args!("latchkey: {error}"));
            }
            ExitCode::from(FAILED)
        }
    }
}
