//! Files of scores, each in the format of some tool.

mod bergson;
mod csv;
mod guard;
mod npy;
mod parquet;
mod safetensors;
mod spans;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use meed_ledger::content::Progress;
use meed_ledger::events::Events;
use meed_ledger::registry::Registry;
use meed_ledger::{Fault, LedgerError, Result};

use crate::matrix::Grid;
use crate::metadata::Metadata;
use crate::{Importer, Request, Unwritten};

/// The formats of scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `event,asset,score` or `event_id,item,score`.
    Csv,
    /// NumPy's matrix.
    Npy,
    /// A tensor of a safetensors file.
    Safetensors,
    /// A folder of Bergson.
    Bergson,
    /// Spans of infini-gram or OLMoTrace in JSON.
    Spans,
    /// Triples in Parquet.
    Parquet,
}

impl Format {
    /// Its name in options and manifests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Npy => "npy",
            Self::Safetensors => "safetensors",
            Self::Bergson => "bergson",
            Self::Spans => "spans",
            Self::Parquet => "parquet",
        }
    }

    /// The format of this [name](Self::name).
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        let all =
            [Self::Csv, Self::Npy, Self::Safetensors, Self::Bergson, Self::Spans, Self::Parquet];
        all.into_iter().find(|format| format.name() == name)
    }

    /// The format of a file by its name. What can run code when it is read is refused, whatever its name.
    ///
    /// # Errors
    /// [`LedgerError::Input`]; [`LedgerError::Io`].
    pub fn of(path: &Path, asked: Option<Self>) -> Result<Self> {
        let meta = std::fs::metadata(path).map_err(LedgerError::io("open", path))?;
        if meta.is_dir() {
            return match asked {
                None | Some(Self::Bergson) => Ok(Self::Bergson),
                Some(other) => {
                    let got = format!("a folder ({})", other.name());
                    Err(LedgerError::in_file(path, Fault::value("scores", "a file", got)))
                }
            };
        }
        refuse_pickles(path)?;
        let extension = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
        let by_name = match extension.as_deref() {
            Some("csv") => Some(Self::Csv),
            Some("npy") => Some(Self::Npy),
            Some("safetensors") => Some(Self::Safetensors),
            Some("json" | "jsonl") => Some(Self::Spans),
            Some("parquet") => Some(Self::Parquet),
            _ => None,
        };
        asked.or(by_name).ok_or_else(|| {
            let expected =
                "a name that ends in .csv, .npy, .safetensors, .parquet, .json or .jsonl, \
                            a folder of Bergson, or --format";
            let got =
                path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
            LedgerError::in_file(path, Fault::value("format", expected, got))
        })
    }
}

/// A pickle is a program: reading one runs whatever it says. So it is never read.
fn refuse_pickles(path: &Path) -> Result<()> {
    let mut magic = Vec::new();
    File::open(path)
        .and_then(|file| file.take(8).read_to_end(&mut magic))
        .map_err(LedgerError::io("read", path))?;
    let extension = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    let got = match (extension.as_deref(), &magic[..]) {
        (Some("pt" | "pth" | "pkl" | "pickle" | "joblib"), _) => "a Python pickle by its name",
        (_, [0x80, 2..=5, ..]) => "a Python pickle",
        (_, [b'P', b'K', 3, 4, ..]) => "a ZIP archive, as .pt, .pth and .npz are",
        _ => return Ok(()),
    };
    let expected =
        "a format that holds numbers only: a pickle can run any program when it is read; \
                    convert it where it was made, with tools/meed-export";
    Err(LedgerError::in_file(path, Fault::value("format", expected, got)))
}

/// What a source is, before its scores are read.
#[derive(Clone, Debug)]
pub struct About {
    /// The format.
    pub format: Format,
    /// The type of its numbers.
    pub dtype: String,
    /// What it has.
    pub layout: Layout,
    /// The tensor, where the format has names for them.
    pub tensor: Option<String>,
    /// What it says about itself.
    pub metadata: Metadata,
    /// Its files.
    pub files: Vec<PathBuf>,
}

impl About {
    /// Rows and columns of a matrix.
    #[must_use]
    pub fn shape(&self) -> Option<[u64; 2]> {
        match &self.layout {
            Layout::Matrix(grid) => Some(grid.shape()),
            Layout::Triples { .. } => None,
        }
    }
}

/// What a source has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layout {
    /// A matrix.
    Matrix(Grid),
    /// Rows of event, item and number.
    Triples {
        /// Whether the items are names of assets.
        assets: bool,
    },
}

/// A file of scores in some format.
pub trait ScoreSource {
    /// What it is.
    fn about(&self) -> &About;

    /// Gives all scores to the importer, from the first on, each time that it is called.
    ///
    /// # Errors
    /// What reading the file gives, and what the importer returns.
    fn read(&mut self, importer: &mut Importer<'_>, progress: &mut Progress<'_>) -> Result<()>;
}

/// A file that is one matrix.
struct Matrix(About);

impl ScoreSource for Matrix {
    fn about(&self) -> &About {
        &self.0
    }

    fn read(&mut self, importer: &mut Importer<'_>, progress: &mut Progress<'_>) -> Result<()> {
        match &self.0.layout {
            Layout::Matrix(grid) => importer.matrix(grid, progress),
            Layout::Triples { .. } => unreachable!("made of a matrix"),
        }
    }
}

pub(crate) fn open(request: &Request<'_>) -> Result<Box<dyn ScoreSource>> {
    let path = request.scores;
    let format = Format::of(path, request.format)?;
    if request.tensor.is_some() && format != Format::Safetensors {
        let fault = Fault::value("--tensor", "scores in safetensors", format.name());
        return Err(LedgerError::in_file(path, fault));
    }
    if request.document_key.is_some() && format != Format::Spans {
        let fault = Fault::value("--document-key", "spans", format.name());
        return Err(LedgerError::in_file(path, fault));
    }
    if request.unwritten == Unwritten::Skip && format != Format::Bergson {
        let fault = Fault::value("--unwritten", "a folder of Bergson", format.name());
        return Err(LedgerError::in_file(path, fault));
    }
    Ok(match format {
        Format::Csv => Box::new(csv::CsvSource::open(path)?),
        Format::Npy => Box::new(Matrix(npy::open(path)?)),
        Format::Safetensors => Box::new(Matrix(safetensors::open(path, request.tensor)?)),
        Format::Parquet => Box::new(parquet::ParquetSource::open(path)?),
        Format::Bergson => Box::new(Matrix(bergson::open(path)?)),
        Format::Spans => {
            Box::new(spans::SpansSource::open(path, request.span_weight, request.document_key)?)
        }
    })
}

/// Reads events from CSV or Parquet, whichever the file is.
///
/// # Errors
/// As [`Events::load`].
pub fn load_events(path: &Path, registry: &Registry) -> Result<Events> {
    refuse_pickles(path)?;
    match parquet::is_parquet(path)? {
        true => parquet::load_events(path, registry),
        false => Events::load(path, registry),
    }
}
