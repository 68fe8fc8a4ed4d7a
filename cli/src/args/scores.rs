//! `meed scores`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use meed_ledger::decimal::{Exact, Scale};

use super::ScoresCheck;

#[derive(Debug, Subcommand)]
pub(crate) enum Scores {
    /// Import the events of an epoch and their scores. Importing again replaces what is not yet
    /// committed.
    #[command(after_help = "Examples:
  A CSV of event,asset,score:
    meed scores import scores.csv --events events.csv
  A NumPy matrix of all events in order, its columns mapped to assets by position:
    meed scores import scores.npy --events events.csv --events-in-order \\
        --columns columns.csv --top 16
  The same by ids, from a tool whose rows are training data and whose losses fall where data helps:
    meed scores import tracin.npy --events events.csv --orientation train_x_test \\
        --event-ids events.txt --item-ids documents.txt --items items.csv --sign negative_helps
  Kronfluence's scores, exported by tools/meed-export with ids in their metadata:
    meed scores import scores.safetensors --events events.csv --items items.csv
  A folder of Bergson, incomplete; every event's scores divided by their sum:
    meed scores import run/scores --events events.csv --event-ids events.txt \\
        --item-ids documents.txt --items items.csv --unwritten skip --normalise sum
  Triples, and the spans of infini-gram or OLMoTrace:
    meed scores import scores.parquet --events events.parquet --items items.csv
    meed scores import spans.jsonl --events events.csv --items items.csv --document-key metadata.source

Formats: csv (event,asset,score or event_id,item,score), npy, safetensors, bergson (a folder), parquet
(event_id, item, score), spans (JSON). Python pickles (.pt, .pkl) are never read: export them with
tools/meed-export. Events: CSV or Parquet with id, fee, service, model.

Nothing is bound by silent position. items.csv (item,asset) says whose each item is: a name of the
registry, sha256: and a content hash there, or - for nobody's. columns.csv (column,asset) says so by
position. The items of an asset are added up exactly, divided by --normalise, multiplied by --scale,
and rounded once, half to even. Nothing is dropped unless --top or --drop-below says so, and then it
is weighed. What the file says of itself and what the options say must not contradict each other.
docs/scores.md has every format and error.")]
    Import(Box<Import>),
    /// Look for what is probably wrong about an epoch's scores: sign, spread, who takes it all.
    #[command(after_help = "Examples:
  meed -p net scores check
  meed -p net scores check --most-share 30 --strict

Warnings have numbers and shares, never a score. An import gives the same ones.")]
    Check(ScoresCheck),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Import {
    /// The scores: a file, or a folder of Bergson.
    pub(crate) scores: PathBuf,
    /// The paid outputs.
    #[arg(long, value_name = "FILE")]
    pub(crate) events: PathBuf,
    /// Whose each item is (item,asset).
    #[arg(long, value_name = "FILE")]
    pub(crate) items: Option<PathBuf>,
    /// The ids of a matrix's items in order: one a line, or a JSON array.
    #[arg(long, value_name = "FILE")]
    pub(crate) item_ids: Option<PathBuf>,
    /// Whose a matrix's items are by position (column,asset).
    #[arg(long, value_name = "FILE", conflicts_with_all = ["items", "item_ids"])]
    pub(crate) columns: Option<PathBuf>,
    /// The ids of a matrix's events in order: one a line, or a JSON array.
    #[arg(long, value_name = "FILE")]
    pub(crate) event_ids: Option<PathBuf>,
    /// A matrix's events are all those of --events, in its order.
    #[arg(long)]
    pub(crate) events_in_order: bool,
    /// Format of the scores [default: by the file's name].
    #[arg(long)]
    pub(crate) format: Option<Format>,
    /// Which tensor of a safetensors file [default: the only matrix].
    #[arg(long, value_name = "NAME")]
    pub(crate) tensor: Option<String>,
    /// What a matrix has in its rows and columns [default: what the file says, or test_x_train].
    #[arg(long)]
    pub(crate) orientation: Option<Orientation>,
    /// What a score above zero means [default: what the file says, or positive_helps].
    #[arg(long, visible_alias = "polarity")]
    pub(crate) sign: Option<Sign>,
    /// The attribution method, for the manifest [default: what the file says].
    #[arg(long, value_name = "TEXT")]
    pub(crate) method: Option<String>,
    /// The model, for the manifest [default: what the file says].
    #[arg(long, value_name = "TEXT")]
    pub(crate) model: Option<String>,
    /// What to do about scores that Bergson did not write.
    #[arg(long, default_value = "refuse")]
    pub(crate) unwritten: Unwritten,
    /// What a document of a span counts: the span's tokens, or one.
    #[arg(long, default_value = "tokens")]
    pub(crate) span_weight: SpanWeight,
    /// Which key of a span's document is the item's id, such as metadata.source
    /// [default: item, documentIndex or doc_ix].
    #[arg(long, value_name = "KEY")]
    pub(crate) document_key: Option<String>,
    /// Divide the scores of each event by their sum, their greatest magnitude, or the sum of their
    /// magnitudes.
    #[arg(long, default_value = "none")]
    pub(crate) normalise: Normalise,
    /// Multiply every score by this: a decimal, or a power of two such as 2^-10.
    #[arg(long, default_value = "1")]
    pub(crate) scale: Scale,
    /// Keep the highest scores of each event, so many.
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) top: Option<u32>,
    /// Drop scores below this, after sign, normalisation and scale.
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true)]
    pub(crate) drop_below: Option<Exact>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    Csv,
    Npy,
    Safetensors,
    Bergson,
    Spans,
    Parquet,
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

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Unwritten {
    Refuse,
    Skip,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SpanWeight {
    Tokens,
    One,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Normalise {
    None,
    Sum,
    Max,
    L1,
}
