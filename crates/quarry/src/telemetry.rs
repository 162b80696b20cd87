//! Logs: for people or as JSON, always on standard error, so that standard output holds results only.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt::time::SystemTime};

use crate::config::{LogFormat, LogSettings};

/// Starts logging for the server, as configured.
pub(crate) fn serve(settings: &LogSettings, verbose: u8) {
    let level = match (verbose, settings.level.as_str()) {
        (0, level) => level,
        (1, _) => "debug",
        (_, _) => "trace",
    };
    start(settings, level);
}

/// Starts logging for a command that ends by itself: only what went wrong, unless asked for more.
pub(crate) fn command(settings: &LogSettings, verbose: u8) {
    let level = match verbose {
        0 => "off",
        1 => "warn",
        2 => "info",
        _ => "debug",
    };
    start(settings, level);
}

fn start(settings: &LogSettings, level: &str) {
    let json = match settings.format {
        LogFormat::Auto => !std::io::stderr().is_terminal(),
        LogFormat::Human => false,
        LogFormat::Json => true,
    };
    // The libraries below talk at length on `debug`; they are worth it only when they are named.
    let mut directives = match level {
        "debug" | "trace" => format!(
            "info,quarry={level},quarry_engine={level},quarry_server={level},quarry_store={level},quarry_index={level},quarry_models={level}"
        ),
        other => other.to_owned(),
    };
    // It writes what providers send into its log lines, and that can be an answer.
    directives.push_str(",genai=off");
    if !settings.filter.is_empty() {
        directives = format!("{directives},{}", settings.filter);
    }
    let filter = EnvFilter::builder().parse_lossy(directives);
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_timer(SystemTime);
    // A second start, as in a test, changes nothing.
    let _ = if json {
        builder.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
    } else {
        builder
            .with_target(false)
            .with_ansi(std::io::stderr().is_terminal() && crate::config::colours())
            .try_init()
    };
}
