//! Log lines: to standard error, for people or for machines.

use crate::config::{Log, LogFormat};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// Begins to log. Call it once, before anything else can fail.
pub fn begin(log: &Log) {
    // The audit trail goes on at every level, unless the directives name it. What sled says in
    // detail is people's records, which belong in no log.
    // What webauthn-rs calls an error is what strangers send: the audit line has the reason, and no
    // alarm must be theirs to raise.
    let directives = format!("audit=info,webauthn_rs_core=off,{},sled=warn", log.level);
    let filter = EnvFilter::builder().parse_lossy(directives);
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_span_events(FmtSpan::NONE)
        // A line that cannot be written (a full disk, a collector that is gone) is lost, and no more:
        // to complain where it could not be written would end the program.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    // Fails only when something logs already: a second call changes nothing.
    let _ = match log.format {
        LogFormat::Text => lines.with_ansi(is_terminal()).try_init(),
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .try_init(),
    };
    std::panic::set_hook(Box::new(|panic| {
        // Where, not what: a panic's message may quote a value.
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        tracing::error!(place, "a part of the program failed and was stopped");
    }));
}

fn is_terminal() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stderr())
}
