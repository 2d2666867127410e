//! The `latchkey` program: reads the command line, and puts the parts together.

use clap::Parser as _;
use latchkey::cli::{Cli, Command, check_config};
use latchkey::config::{Config, Environment, process_environment};
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
    }
}

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the answer of the command"
)]
fn check(files: &[PathBuf], environment: &Environment) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for file in files {
        match check_config::check(file, environment) {
            Ok(checked) => println!("{}: {checked}", file.display()),
            Err(problem) => {
                eprintln!("{}: {problem}", file.display());
                code = ExitCode::from(USAGE);
            }
        }
    }
    code
}

#[expect(
    clippy::print_stderr,
    reason = "nothing is logged before the configuration says how"
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
            tracing::error!("{error}");
            ExitCode::from(FAILED)
        }
    }
}
