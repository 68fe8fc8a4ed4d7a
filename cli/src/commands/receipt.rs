//! `meed receipt`.

use std::path::Path;

use anyhow::{bail, Result};

use crate::args::Receipt;
use crate::ui::{Report, Ui};

pub(crate) fn run(_args: &Receipt, _root: &Path, _ui: &Ui) -> Result<Report> {
    bail!("not yet")
}
