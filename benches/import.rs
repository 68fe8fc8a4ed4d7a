//! Importing scores against reading the same files with NumPy and pyarrow, if this machine's Python has them
//! (`PYTHON` names another than `python3`).

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::{ensure, Context, Error, Result};
use meed_benches::clock::{peak_memory, reset_peak};
use meed_benches::{timed, Figure, Options, Report};
use meed_ledger::content::quiet;
use meed_ledger::events::Events;
use meed_ledger::registry::Registry;
use meed_scores::{import, Imported, Orientation, Request};
use meed_statement::synthetic::Source;
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, FloatType};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

const EVENTS: usize = 256;
const ASSETS: usize = 64;

struct World {
    folder: tempfile::TempDir,
    registry: Registry,
    events: Events,
}

fn main() -> Result<()> {
    let options = Options::from_env().map_err(Error::msg)?;
    let mut report = Report::new("import", &options, io::stdout())?;
    let world = World::new()?;
    let items = if options.quick { 4_096 } else { 1 << 20 };
    let rows = if options.quick { 80 * EVENTS } else { 15_625 * EVENTS };

    world.columns(items)?;
    for (orientation, name) in
        [(Orientation::TestXTrain, "events by items"), (Orientation::TrainXTest, "items by events")]
    {
        let path = world.path("scores.npy");
        let bytes = world.npy(items, orientation)?;
        report.group(&format!("NPY of float32, {name}, {items} items of {ASSETS} assets"))?;
        report.add("file", Figure::Bytes(bytes))?;
        let columns = world.path("columns.csv");
        let got = world.import(&mut report, bytes, &path, |request| {
            request.naming.columns = Some(&columns);
            request.naming.events_in_order = true;
            request.orientation = Some(orientation);
        })?;
        ensure!(got.summary.cells == (items * EVENTS) as u64, "not all numbers were read");
        let script = "import sys,time,numpy as n\nt=time.time();a=n.load(sys.argv[1]);print(time.time()-t);\
                      t=time.time();a=n.load(sys.argv[1]);n.isfinite(a).all();a.sum(axis=int(sys.argv[2]),dtype='f8');print(time.time()-t)";
        let axis = if orientation == Orientation::TestXTrain { "1" } else { "0" };
        let what = ["numpy.load", "numpy.load, isfinite, one sum an event"];
        python(&mut report, bytes, &what, &[script, &path.display().to_string(), axis])?;
    }

    world.items(rows / EVENTS)?;
    let map = world.path("items.csv");
    let path = world.path("scores.parquet");
    let bytes = world.parquet(rows)?;
    report.group(&format!("triples in Parquet, snappy, {rows} rows"))?;
    report.add("file", Figure::Bytes(bytes))?;
    let got =
        world.import(&mut report, bytes, &path, |request| request.naming.items = Some(&map))?;
    report.add("rows a second", Figure::Rate(rows as f64 / got.1))?;
    let script = "import sys,time,pyarrow.parquet as p\nt=time.time();p.read_table(sys.argv[1]);print(time.time()-t)";
    python(&mut report, bytes, &["pyarrow read_table"], &[script, &path.display().to_string()])?;

    let path = world.path("scores.csv");
    let bytes = world.csv(rows)?;
    report.group(&format!("triples in CSV, {rows} rows"))?;
    report.add("file", Figure::Bytes(bytes))?;
    let got =
        world.import(&mut report, bytes, &path, |request| request.naming.items = Some(&map))?;
    report.add("rows a second", Figure::Rate(rows as f64 / got.1))?;
    let script = "import sys,time,pyarrow.csv as p\nt=time.time();p.read_csv(sys.argv[1]);print(time.time()-t)";
    python(&mut report, bytes, &["pyarrow read_csv"], &[script, &path.display().to_string()])?;
    report.finish()?;
    Ok(())
}

/// An import, and the seconds that it took.
struct Took(Imported, f64);

impl std::ops::Deref for Took {
    type Target = Imported;

    fn deref(&self) -> &Imported {
        &self.0
    }
}

impl World {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut text = "name,kind,owner,content_hash,penalty_bps,edges\n".to_owned();
        for i in 0..ASSETS {
            let kind = ["dataset", "service", "model"][i.max(ASSETS - 3) - (ASSETS - 3)];
            text += &format!("a{i},{kind},0x{:040x},{i:032x}{:032x},0,\n", 1, 0);
        }
        let registry = Registry::parse(Path::new("registry.csv"), text.as_bytes())?;
        let mut text = "id,fee,service,model\n".to_owned();
        for i in 0..EVENTS {
            text += &format!("{i:032x},1,a{},a{}\n", ASSETS - 2, ASSETS - 1);
        }
        std::fs::write(folder.path().join("events.csv"), &text)?;
        let events = Events::parse(Path::new("events.csv"), text.as_bytes(), &registry)?;
        Ok(Self { folder, registry, events })
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn create(&self, name: &str) -> Result<BufWriter<File>> {
        Ok(BufWriter::with_capacity(1 << 20, File::create(self.path(name))?))
    }

    fn columns(&self, items: usize) -> Result<()> {
        let mut out = self.create("columns.csv")?;
        writeln!(out, "column,asset")?;
        (0..items).try_for_each(|i| writeln!(out, "{i},a{}", i * 7 % ASSETS))?;
        Ok(out.flush()?)
    }

    fn items(&self, items: usize) -> Result<()> {
        let mut out = self.create("items.csv")?;
        writeln!(out, "item,asset")?;
        (0..items).try_for_each(|i| writeln!(out, "doc-{i},a{}", i * 7 % ASSETS))?;
        Ok(out.flush()?)
    }

    fn npy(&self, items: usize, orientation: Orientation) -> Result<u64> {
        let mut out = self.create("scores.npy")?;
        let (rows, columns) = match orientation {
            Orientation::TestXTrain => (EVENTS, items),
            Orientation::TrainXTest => (items, EVENTS),
        };
        let mut header =
            format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
        while !(header.len() + 11).is_multiple_of(64) {
            header.push(' ');
        }
        header.push('\n');
        out.write_all(b"\x93NUMPY\x01\x00")?;
        out.write_all(&(header.len() as u16).to_le_bytes())?;
        out.write_all(header.as_bytes())?;
        let mut source = Source::new(1);
        for _ in 0..rows * columns {
            out.write_all(&score(&mut source).to_le_bytes())?;
        }
        out.flush()?;
        Ok(std::fs::metadata(self.path("scores.npy"))?.len())
    }

    fn csv(&self, rows: usize) -> Result<u64> {
        let mut out = self.create("scores.csv")?;
        writeln!(out, "event_id,item,score")?;
        let mut source = Source::new(1);
        for row in 0..rows {
            let (event, item) = (row / (rows / EVENTS), row % (rows / EVENTS));
            writeln!(out, "{event:032x},doc-{item},{}", score(&mut source))?;
        }
        out.flush()?;
        Ok(std::fs::metadata(self.path("scores.csv"))?.len())
    }

    fn parquet(&self, rows: usize) -> Result<u64> {
        let schema =
            "message m { REQUIRED BYTE_ARRAY event_id (UTF8); REQUIRED BYTE_ARRAY item (UTF8); \
                      REQUIRED FLOAT score; }";
        let schema = Arc::new(parse_message_type(schema)?);
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let file = File::create(self.path("scores.parquet"))?;
        let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties))?;
        let mut source = Source::new(1);
        let each = rows / EVENTS;
        for first in (0..EVENTS).step_by(32) {
            let events = first..(first + 32).min(EVENTS);
            let pairs =
                || events.clone().flat_map(|event| (0..each).map(move |item| (event, item)));
            let texts = |text: &dyn Fn((usize, usize)) -> String| {
                pairs().map(|pair| ByteArray::from(text(pair).as_str())).collect::<Vec<_>>()
            };
            let ids = texts(&|(event, _)| format!("{event:032x}"));
            let items = texts(&|(_, item)| format!("doc-{item}"));
            let scores: Vec<f32> = pairs().map(|_| score(&mut source)).collect();
            let mut group = writer.next_row_group()?;
            for text in [&ids, &items] {
                let mut column = group.next_column()?.context("a column")?;
                column.typed::<ByteArrayType>().write_batch(text, None, None)?;
                column.close()?;
            }
            let mut column = group.next_column()?.context("a column")?;
            column.typed::<FloatType>().write_batch(&scores, None, None)?;
            column.close()?;
            group.close()?;
        }
        writer.close()?;
        Ok(std::fs::metadata(self.path("scores.parquet"))?.len())
    }

    /// Imports once to warm the system's cache, and once to measure.
    fn import<'a, W: Write>(
        &self,
        report: &mut Report<W>,
        bytes: u64,
        path: &'a Path,
        change: impl Fn(&mut Request<'a>),
    ) -> Result<Took> {
        let events = self.path("events.csv");
        let options = meed_scores::Options { fraction_bits: 32, ..Default::default() };
        let run = |events: &'a Path| -> Result<Imported> {
            let mut request = Request::new(path, events, options.clone());
            change(&mut request);
            Ok(import(&request, &self.registry, &self.events, &mut quiet)?)
        };
        // The path of the events lives as long as the process.
        let events: &'a Path = Box::leak(events.into_boxed_path());
        run(events)?;
        let reset = reset_peak();
        let (imported, time) = timed(|| run(events));
        report.add("import, with SHA-256", Figure::Time(time))?;
        report.add("MB a second", Figure::Number(bytes as f64 / 1e6 / time.wall))?;
        if let Some(peak) = peak_memory().filter(|_| reset) {
            report.add("peak memory of the process", Figure::Bytes(peak))?;
        }
        Ok(Took(imported?, time.wall))
    }
}

/// Some scores are near one, most are small, of either sign.
fn score(source: &mut Source) -> f32 {
    let bits = source.next_u64();
    let magnitude = (bits >> 40) as f32 / (1u64 << (24 + bits % 12)) as f32;
    if bits >> 20 & 1 == 0 {
        magnitude
    } else {
        -magnitude
    }
}

/// What a script prints, a number of seconds a line.
fn python<W: Write>(
    report: &mut Report<W>,
    bytes: u64,
    what: &[&str],
    arguments: &[&str],
) -> Result<()> {
    let program = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let output = Command::new(&program).arg("-c").args(arguments).output();
    let text = match output {
        Ok(output) if output.status.success() => String::from_utf8(output.stdout)?,
        Ok(output) => {
            let error = String::from_utf8_lossy(&output.stderr);
            let last = error.lines().last().unwrap_or("it failed").to_owned();
            return Ok(report.add(what[0], Figure::Text(format!("not here: {last}")))?);
        }
        Err(error) => {
            return Ok(report.add(what[0], Figure::Text(format!("not here: {program}: {error}")))?)
        }
    };
    for (what, line) in what.iter().zip(text.lines()) {
        let seconds: f64 = line.trim().parse()?;
        report.add(what, Figure::Seconds(seconds))?;
        report.add("its MB a second", Figure::Number(bytes as f64 / 1e6 / seconds))?;
    }
    Ok(())
}
