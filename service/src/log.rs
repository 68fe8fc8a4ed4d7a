//! The log: lines of JSON, or of text, on standard error.

use std::str::FromStr;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::Layer;

use crate::config::{LogConfig, LogFormat};
use crate::error::{Result, ServiceError};

/// What is written, by target.
pub(crate) fn filter(level: &str) -> Result<Targets> {
    Targets::from_str(level).map_err(|error| {
        ServiceError::config("log.level", "a level, or target=level, separated by commas", error)
    })
}

/// Sets the process's log up. A second call changes nothing.
///
/// # Errors
/// [`ServiceError::Config`].
pub fn start(config: &LogConfig) -> Result<()> {
    let filter = filter(&config.level)?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    let lines = match config.format {
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
        LogFormat::Text => lines.boxed(),
    };
    // For the whole process, not for the layer: a layer's own filter forgets the event that follows a
    // library's question whether something would be written.
    let subscriber = tracing_subscriber::registry().with(lines).with(filter);
    // There is one already where a test has set it up.
    let _ = subscriber.try_init();
    Ok(())
}
