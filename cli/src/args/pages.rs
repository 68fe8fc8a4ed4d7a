//! Pages for browsers.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::ShowArgs;

/// What becomes of an audit's pages.
#[derive(Debug, ClapArgs)]
pub(crate) struct PageArgs {
    /// Write pages for browsers: one file if the name ends in .html, else a new folder with a list.
    #[arg(long, value_name = "PATH")]
    pub(crate) html: Option<PathBuf>,
    /// Show the pages at this address until Ctrl-C.
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:8710")]
    pub(crate) serve: Option<SocketAddr>,
    /// Put only what the bundles say into the pages, also where the project knows more.
    #[arg(long)]
    pub(crate) public: bool,
    #[command(flatten)]
    pub(crate) show: ShowArgs,
}

impl PageArgs {
    /// Whether pages are wanted at all.
    pub(crate) fn wanted(&self) -> bool {
        self.html.is_some() || self.serve.is_some()
    }
}
