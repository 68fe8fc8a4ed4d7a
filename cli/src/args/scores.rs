//! `meed scores`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use meed_ledger::decimal::{Exact, Scale};

#[derive(Debug, Subcommand)]
pub(crate) enum Scores {
    /// Import the events of an epoch and their scores. Importing again replaces what is not yet
    /// committed.
    #[command(after_help = "Examples:
  meed scores import scores.csv --events events.csv
  meed scores import scores.npy --events events.csv --columns columns.csv --top 16
  meed scores import tracin.npy --events events.csv --orientation train_x_test \\
      --sign negative_helps --scale 1e-3

events.csv has the header id,fee,service,model: 32 hexadecimal digits or a UUID, base units, and two
names of the registry. A CSV of scores has the header event,asset,score: an id or a position from 0,
a name, a decimal number. An NPY matrix is float32 or float64, little-endian, in C order;
columns.csv (column,asset) says whose each column is, and the columns of an asset are added up
exactly. A score is rounded once, half to even. Nothing is dropped unless --top or --drop-below says
so.")]
    Import(Import),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Import {
    /// The scores.
    pub(crate) scores: PathBuf,
    /// The paid outputs.
    #[arg(long, value_name = "FILE")]
    pub(crate) events: PathBuf,
    /// Whose the columns of a matrix are [default: column i is asset i].
    #[arg(long, value_name = "FILE")]
    pub(crate) columns: Option<PathBuf>,
    /// Format of the scores [default: by the file's name].
    #[arg(long)]
    pub(crate) format: Option<Format>,
    /// What a matrix has in its rows and columns.
    #[arg(long, default_value = "test_x_train")]
    pub(crate) orientation: Orientation,
    /// What a score above zero means.
    #[arg(long, default_value = "positive_helps")]
    pub(crate) sign: Sign,
    /// Multiply every score by this: a decimal, or a power of two such as 2^-10.
    #[arg(long, default_value = "1")]
    pub(crate) scale: Scale,
    /// Keep the highest scores of each event, so many.
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) top: Option<u32>,
    /// Drop scores below this, after sign and scale.
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true)]
    pub(crate) drop_below: Option<Exact>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    Csv,
    Npy,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Orientation {
    TestXTrain,
    TrainXTest,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Sign {
    PositiveHelps,
    NegativeHelps,
}
