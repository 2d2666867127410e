//! Measures the filter in the real Envoy, beside Envoy's own filters and no filter at all.
//!
//! `scripts/bench` builds what is needed and starts this. One Envoy with one worker has a listener
//! for each row; they differ only in the HTTP filter. Rounds are interleaved, so that whatever else
//! the machine does hits every row alike. Everything is on the loopback interface and ends by itself.

#![expect(
    clippy::print_stdout,
    reason = "a program of the command line that prints a table"
)]

mod envoy;
mod filters;
mod flood;
mod load;
mod memory;
mod options;
mod report;
mod rows;
mod server;
mod tokens;

use std::process::ExitCode;

use options::Options;
use report::Report;

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{}", options::HELP);
            return ExitCode::SUCCESS;
        }
        Err(problem) => return fail(&problem),
    };
    let dir = match tempfile::tempdir() {
        Ok(dir) => dir,
        Err(error) => return fail(&format!("no temporary directory: {error}")),
    };
    match Report::measure(&options, dir.path()) {
        Ok(report) if options.json => println!("{}", report.json()),
        Ok(report) => print!("{}", report.table()),
        Err(error) => return fail(&error.to_string()),
    }
    ExitCode::SUCCESS
}

#[expect(clippy::print_stderr, reason = "the reason why nothing was measured")]
fn fail(problem: &str) -> ExitCode {
    eprintln!("bench: {problem}");
    ExitCode::FAILURE
}
