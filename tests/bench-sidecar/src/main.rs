//! Measures the sidecar as a program, through its listeners and its command line alone.
//!
//! `scripts/bench-sidecar` builds what is needed and starts this. The program runs with sled in a
//! directory of its own; the load comes from this process, over the loopback interface, with real
//! assertions made by an authenticator in software. Client and server share the machine's cores, so
//! the figures are a lower bound.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program of the command line that prints a table"
)]

mod floor;
mod http;
mod load;
mod options;
mod people;
mod report;
mod rows;
mod sidecar;

use options::Options;
use report::Report;
use std::process::ExitCode;

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{}", options::HELP);
            return ExitCode::SUCCESS;
        }
        Err(problem) => return fail(&problem),
    };
    match Report::measure(&options) {
        Ok(report) if options.json => println!("{}", report.json()),
        Ok(report) => print!("{}", report.table()),
        Err(error) => return fail(&error.to_string()),
    }
    ExitCode::SUCCESS
}

fn fail(problem: &str) -> ExitCode {
    eprintln!("bench-sidecar: {problem}");
    ExitCode::FAILURE
}
