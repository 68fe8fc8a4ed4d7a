//! Tables in Parquet: scores as triples, and events. Read a row group at a time, a few thousand rows of
//! each column at once; sizes in footers and page headers are checked before anything is decoded.

mod events;
mod pages;
mod triples;

pub(super) use events::load_events;
pub(super) use triples::ParquetSource;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::{Path, PathBuf};

use parquet::basic::{Compression, ConvertedType, LogicalType, Type};
use parquet::column::reader::{get_typed_column_reader, ColumnReader, ColumnReaderImpl};
use parquet::data_type::{
    ByteArrayType, DataType, DoubleType, FixedLenByteArrayType, FloatType, Int32Type, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;

use meed_ledger::{Fault, LedgerError, Result};

/// What a Parquet file starts and ends with.
const MAGIC: &[u8; 4] = b"PAR1";
/// Longest footer, in bytes.
const LONGEST_FOOTER: u64 = 64 << 20;
/// Rows of a column that are decoded at once.
const BATCH: usize = 8_192;

/// Whether a file says that it is Parquet.
pub(super) fn is_parquet(path: &Path) -> Result<bool> {
    let mut magic = [0; 4];
    let mut file = File::open(path).map_err(LedgerError::io("open", path))?;
    Ok(file.read_exact(&mut magic).is_ok() && &magic == MAGIC)
}

/// An open file.
struct Table {
    path: PathBuf,
    reader: SerializedFileReader<File>,
}

impl Table {
    fn open(path: &Path) -> Result<Self> {
        let io = |action| LedgerError::io(action, path);
        let mut file = File::open(path).map_err(io("open"))?;
        let length = file.metadata().map_err(io("read"))?.len();
        let fail = |fault| Err(LedgerError::in_file(path, fault));
        let mut tail = [0u8; 8];
        if length < 12 {
            return fail(Fault::value("length", "a Parquet file of 12 bytes and more", length));
        }
        file.seek(SeekFrom::End(-8)).map_err(io("read"))?;
        file.read_exact(&mut tail).map_err(io("read"))?;
        if &tail[4..] != MAGIC || !is_parquet(path)? {
            return fail(Fault::value(
                "magic",
                "PAR1 at both ends of a Parquet file",
                "other bytes",
            ));
        }
        let footer = u64::from(u32::from_le_bytes(tail[..4].try_into().expect("four bytes")));
        if footer > LONGEST_FOOTER.min(length - 12) {
            let expected = format!("at most {}", LONGEST_FOOTER.min(length - 12));
            return fail(Fault::value("bytes of the footer", expected, footer));
        }
        let reader = guard(path, || SerializedFileReader::new(file))?;
        Ok(Self { path: path.to_owned(), reader })
    }

    /// The metadata of the file as keys and values.
    fn pairs(&self) -> Vec<(String, String)> {
        let pairs = self.reader.metadata().file_metadata().key_value_metadata();
        let pairs = pairs.into_iter().flatten();
        pairs.map(|kv| (kv.key.clone(), kv.value.clone().unwrap_or_default())).collect()
    }

    fn rows(&self) -> u64 {
        self.reader.metadata().file_metadata().num_rows().max(0) as u64
    }

    /// The place of a column, by the first of these names that there is.
    fn column(&self, names: &[&'static str]) -> Result<usize> {
        let schema = self.reader.metadata().file_metadata().schema_descr();
        let mut found = names.iter().filter_map(|name| {
            let mut places =
                (0..schema.num_columns()).filter(|i| schema.column(*i).path().string() == *name);
            places.next().map(|place| (place, places.next().is_some()))
        });
        let fail = |expected: String, got: String| {
            Err(LedgerError::in_file(&self.path, Fault::value("columns", expected, got)))
        };
        match found.next() {
            Some((place, false)) => {
                let column = schema.column(place);
                if column.max_rep_level() > 0 || column.path().parts().len() != 1 {
                    return fail(format!("one value of {} a row", names[0]), "lists".to_owned());
                }
                Ok(place)
            }
            Some((_, true)) => fail(format!("one column {}", names[0]), "two".to_owned()),
            None => {
                let all: Vec<String> = (0..schema.num_columns().min(16))
                    .map(|i| schema.column(i).path().string())
                    .collect();
                fail(format!("one named {}", names[0]), all.join(", "))
            }
        }
    }

    fn descriptor(&self, column: usize) -> parquet::schema::types::ColumnDescPtr {
        self.reader.metadata().file_metadata().schema_descr().column(column)
    }

    /// Checks where the columns of every row group are said to lie.
    fn check(&self, columns: &[usize]) -> Result<()> {
        let length =
            std::fs::metadata(&self.path).map_err(LedgerError::io("read", &self.path))?.len();
        let fail = |fault| Err(LedgerError::in_file(&self.path, fault));
        let mut rows = 0i64;
        for group in self.reader.metadata().row_groups() {
            let count = group.num_rows();
            rows = rows.saturating_add(count.max(0));
            for column in columns {
                let Some(chunk) = group.columns().get(*column) else {
                    return fail(Fault::value(
                        "columns of a row group",
                        "all of the schema",
                        "fewer",
                    ));
                };
                if chunk.num_values() != count || count < 0 {
                    let fault =
                        Fault::value("values of a column", count.to_string(), chunk.num_values());
                    return fail(fault);
                }
                let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
                let range =
                    u64::try_from(start).ok().zip(u64::try_from(chunk.compressed_size()).ok());
                let Some((start, bytes)) = range.filter(|(start, bytes)| {
                    start.checked_add(*bytes).is_some_and(|end| end <= length)
                }) else {
                    let expected = format!("columns within the file's {length} bytes");
                    return fail(Fault::value("length", expected, "one beyond"));
                };
                let codec = chunk.compression();
                if !matches!(
                    codec,
                    Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::ZSTD(_)
                ) {
                    return fail(Fault::value("compression", "none, snappy or zstd", codec));
                }
                pages::check(&self.path, start, bytes)?;
            }
        }
        let said = self.reader.metadata().file_metadata().num_rows();
        if rows == said {
            return Ok(());
        }
        fail(Fault::value("rows of the row groups", said.to_string(), rows))
    }

    fn open_column(&self, group: usize, column: usize) -> Result<ColumnReader> {
        guard(&self.path, || self.reader.get_row_group(group)?.get_column_reader(column))
    }

    /// Rows of a row group, which [`Table::check`] looked at.
    fn group_rows(&self, group: usize) -> u64 {
        self.reader.metadata().row_group(group).num_rows().max(0) as u64
    }

    fn groups(&self) -> usize {
        self.reader.num_row_groups()
    }
}

/// Calls the library. It returns errors for what it expects to be wrong and breaks off at some of what it
/// does not; both are errors of the file.
fn guard<T>(path: &Path, work: impl FnOnce() -> std::result::Result<T, ParquetError>) -> Result<T> {
    let text = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "the decoder broke off".to_owned(),
    };
    let text = meed_ledger::shown(&text);
    Err(LedgerError::in_file(path, Fault::Syntax(format!("expected well-formed Parquet: {text}"))))
}

/// A column that is read in batches, and values of it that wait.
struct Batches<T: DataType> {
    reader: ColumnReaderImpl<T>,
    nullable: bool,
    levels: Vec<i16>,
    values: Vec<T::T>,
}

impl<T: DataType> Batches<T> {
    fn new(reader: ColumnReader, descriptor: &ColumnDescriptor) -> Self {
        let nullable = descriptor.max_def_level() > 0;
        let reader = get_typed_column_reader::<T>(reader);
        Self { reader, nullable, levels: Vec::new(), values: Vec::new() }
    }

    /// The next values, `count` of them: `first` is the row of the first, for errors.
    fn next(
        &mut self,
        path: &Path,
        name: &'static str,
        first: u64,
        count: usize,
    ) -> Result<&[T::T]> {
        self.values.clear();
        self.levels.clear();
        let levels = self.nullable.then_some(&mut self.levels);
        let (rows, values, _) =
            guard(path, || self.reader.read_records(count, levels, None, &mut self.values))?;
        if values < rows {
            let empty = self.levels.iter().position(|level| *level == 0).unwrap_or(0) as u64;
            let place = meed_ledger::Location::row(path, first + empty);
            return Err(LedgerError::input(
                place,
                Fault::value(name, "a value in every row", "none"),
            ));
        }
        if rows == count && self.values.len() == count {
            return Ok(&self.values);
        }
        let fault = Fault::value("length", format!("{count} more rows of column {name}"), rows);
        Err(LedgerError::in_file(path, fault))
    }
}

/// Text, or bytes that stand for it.
enum Text {
    Bytes(Batches<ByteArrayType>),
    /// A number of this many bytes, in hexadecimal digits.
    Fixed(Batches<FixedLenByteArrayType>),
    Int32(Batches<Int32Type>),
    Int64(Batches<Int64Type>),
}

impl Text {
    /// `fixed`: the lengths of bytes that are taken for hexadecimal digits.
    fn open(
        table: &Table,
        group: usize,
        column: usize,
        name: &'static str,
        fixed: &[i32],
        integers: bool,
    ) -> Result<Self> {
        let descriptor = table.descriptor(column);
        let open = || table.open_column(group, column);
        Ok(match descriptor.physical_type() {
            Type::BYTE_ARRAY if !is_decimal(&descriptor) => {
                Self::Bytes(Batches::new(open()?, &descriptor))
            }
            Type::FIXED_LEN_BYTE_ARRAY
                if fixed.contains(&descriptor.type_length()) && !is_decimal(&descriptor) =>
            {
                Self::Fixed(Batches::new(open()?, &descriptor))
            }
            Type::INT32 if integers && !is_decimal(&descriptor) => {
                Self::Int32(Batches::new(open()?, &descriptor))
            }
            Type::INT64 if integers && !is_decimal(&descriptor) => {
                Self::Int64(Batches::new(open()?, &descriptor))
            }
            other => {
                let expected = format!(
                    "text{}",
                    if fixed.is_empty() { "" } else { " or bytes of the right length" }
                );
                let got = format!("{other} in column {name}");
                return Err(LedgerError::in_file(&table.path, Fault::value("type", expected, got)));
            }
        })
    }

    /// Appends the next values to `texts`, whose strings are kept.
    fn next(
        &mut self,
        path: &Path,
        name: &'static str,
        first: u64,
        count: usize,
        texts: &mut Vec<String>,
    ) -> Result<()> {
        texts.resize_with(count, String::new);
        texts.iter_mut().for_each(String::clear);
        match self {
            Self::Bytes(batches) => {
                for (i, (value, text)) in
                    (0..).zip(batches.next(path, name, first, count)?.iter().zip(texts))
                {
                    let utf8 = std::str::from_utf8(value.data()).map_err(|_| {
                        let place = meed_ledger::Location::row(path, first + i);
                        LedgerError::input(place, Fault::value(name, "UTF-8 text", "other bytes"))
                    })?;
                    text.push_str(utf8);
                }
            }
            Self::Fixed(batches) => {
                for (value, text) in batches.next(path, name, first, count)?.iter().zip(texts) {
                    text.push_str(&hex::encode(value.data()));
                }
            }
            Self::Int32(batches) => {
                for (value, text) in batches.next(path, name, first, count)?.iter().zip(texts) {
                    text.push_str(&value.to_string());
                }
            }
            Self::Int64(batches) => {
                for (value, text) in batches.next(path, name, first, count)?.iter().zip(texts) {
                    text.push_str(&value.to_string());
                }
            }
        }
        Ok(())
    }
}

/// Numbers.
enum Numbers {
    Float(Batches<FloatType>),
    Double(Batches<DoubleType>),
    Half(Batches<FixedLenByteArrayType>),
    /// Of this scale, or a whole number of scale 0; whether it has a sign.
    Int32(Batches<Int32Type>, i32, bool),
    Int64(Batches<Int64Type>, i32, bool),
    Fixed(Batches<FixedLenByteArrayType>, i32),
    Bytes(Batches<ByteArrayType>, i32),
}

/// A number of a column.
enum Value {
    Float(f64),
    Decimal(i128, i32),
}

impl Numbers {
    fn open(table: &Table, group: usize, column: usize, name: &'static str) -> Result<Self> {
        let descriptor = table.descriptor(column);
        let scale = if is_decimal(&descriptor) { descriptor.type_scale() } else { 0 };
        let fail = |expected: &str, got: String| {
            Err(LedgerError::in_file(&table.path, Fault::value("type", expected, got)))
        };
        if !(0..=76).contains(&scale) {
            return fail("a decimal of scale 0 to 76", format!("{scale} in column {name}"));
        }
        let signed = !matches!(
            descriptor.converted_type(),
            ConvertedType::UINT_8
                | ConvertedType::UINT_16
                | ConvertedType::UINT_32
                | ConvertedType::UINT_64
        );
        let half = descriptor.logical_type_ref() == Some(&LogicalType::Float16);
        let decimal = is_decimal(&descriptor);
        let length = descriptor.type_length();
        let open = || table.open_column(group, column);
        Ok(match descriptor.physical_type() {
            Type::FLOAT => Self::Float(Batches::new(open()?, &descriptor)),
            Type::DOUBLE => Self::Double(Batches::new(open()?, &descriptor)),
            Type::INT32 => Self::Int32(Batches::new(open()?, &descriptor), scale, signed),
            Type::INT64 => Self::Int64(Batches::new(open()?, &descriptor), scale, signed),
            Type::FIXED_LEN_BYTE_ARRAY if half && length == 2 => {
                Self::Half(Batches::new(open()?, &descriptor))
            }
            Type::FIXED_LEN_BYTE_ARRAY if decimal && (1..=16).contains(&length) => {
                Self::Fixed(Batches::new(open()?, &descriptor), scale)
            }
            Type::BYTE_ARRAY if decimal => Self::Bytes(Batches::new(open()?, &descriptor), scale),
            other => {
                return fail(
                    "floats of 16, 32 or 64 bits, integers or decimals of up to 128 bits",
                    format!("{other} in column {name}"),
                )
            }
        })
    }

    fn next(
        &mut self,
        path: &Path,
        name: &'static str,
        first: u64,
        count: usize,
        values: &mut Vec<Value>,
    ) -> Result<()> {
        values.clear();
        match self {
            Self::Float(b) => {
                values.extend(
                    b.next(path, name, first, count)?.iter().map(|v| Value::Float((*v).into())),
                );
            }
            Self::Double(b) => {
                values.extend(b.next(path, name, first, count)?.iter().map(|v| Value::Float(*v)));
            }
            Self::Half(b) => {
                let half = |bytes: &[u8]| {
                    let bytes: [u8; 2] = bytes.try_into().unwrap_or([0xff; 2]);
                    Value::Float(half::f16::from_le_bytes(bytes).into())
                };
                values.extend(b.next(path, name, first, count)?.iter().map(|v| half(v.data())));
            }
            Self::Int32(b, scale, signed) => {
                let wide = |v: i32| if *signed { i128::from(v) } else { i128::from(v as u32) };
                let all = b.next(path, name, first, count)?;
                values.extend(all.iter().map(|v| Value::Decimal(wide(*v), -*scale)));
            }
            Self::Int64(b, scale, signed) => {
                let wide = |v: i64| if *signed { i128::from(v) } else { i128::from(v as u64) };
                let all = b.next(path, name, first, count)?;
                values.extend(all.iter().map(|v| Value::Decimal(wide(*v), -*scale)));
            }
            Self::Fixed(b, scale) => {
                let all = b.next(path, name, first, count)?;
                values.extend(all.iter().map(|v| Value::Decimal(big_endian(v.data()), -*scale)));
            }
            Self::Bytes(b, scale) => {
                let all = b.next(path, name, first, count)?;
                if let Some(row) = all.iter().position(|v| v.len() > 16) {
                    let place = meed_ledger::Location::row(path, first + row as u64);
                    let fault = Fault::value(name, "a decimal of up to 128 bits", "a longer one");
                    return Err(LedgerError::input(place, fault));
                }
                values.extend(all.iter().map(|v| Value::Decimal(big_endian(v.data()), -*scale)));
            }
        }
        Ok(())
    }
}

fn is_decimal(descriptor: &ColumnDescriptor) -> bool {
    descriptor.converted_type() == ConvertedType::DECIMAL
        || matches!(descriptor.logical_type_ref(), Some(LogicalType::Decimal(_)))
}

/// Two's complement, big-endian, of up to 16 bytes.
fn big_endian(bytes: &[u8]) -> i128 {
    let fill = if bytes.first().is_some_and(|b| b & 0x80 != 0) { 0xff } else { 0 };
    let mut whole = [fill; 16];
    whole[16 - bytes.len()..].copy_from_slice(bytes);
    i128::from_be_bytes(whole)
}
