//! Scores in safetensors: one tensor of two dimensions, of floats of 16 (IEEE or brain), 32 or 64 bits.
//!
//! The format is eight bytes with the header's length, a JSON header, and the tensors' bytes: see
//! <https://github.com/huggingface/safetensors>. The crate of that name wants the whole file as one
//! slice, and keeps the last of two entries of one name; here the header alone is read, its length is
//! checked before anything is allocated, and every rule that makes the file say one thing only is an
//! error of its own: names once, offsets in the data, no overlaps and no gaps.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use meed_ledger::{shown, Fault, LedgerError, Result};

use super::{About, Format, Layout};
use crate::matrix::{Dtype, Grid};
use crate::metadata::Metadata;

/// Longest header, in bytes; that of the format's own implementation.
const LONGEST_HEADER: u64 = 100_000_000;
/// Most tensors of a file: a short name takes far less room in the header than in memory.
const MOST_TENSORS: usize = 1 << 16;

/// What a header says.
#[derive(Default)]
struct Header {
    metadata: Vec<(String, String)>,
    tensors: BTreeMap<String, Tensor>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tensor {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

/// Opens a file, checks its header and chooses the tensor of this name, or the only one that is a matrix.
///
/// # Errors
/// [`LedgerError::Io`]; [`LedgerError::Input`] with what was expected.
pub(super) fn open(path: &Path, name: Option<&str>) -> Result<About> {
    let io = |action| LedgerError::io(action, path);
    let fault = |fault| LedgerError::in_file(path, fault);
    let mut file = File::open(path).map_err(io("open"))?;
    let length = file.metadata().map_err(io("read"))?.len();
    let mut size = [0u8; 8];
    if length < 8 {
        return Err(fault(Fault::value(
            "length",
            "a safetensors file of 8 bytes and more",
            length,
        )));
    }
    file.read_exact(&mut size).map_err(io("read"))?;
    let size = u64::from_le_bytes(size);
    if size > LONGEST_HEADER {
        return Err(fault(Fault::value("header", format!("at most {LONGEST_HEADER} bytes"), size)));
    }
    if size > length - 8 {
        let expected = format!("a header of {size} bytes by its first eight");
        return Err(fault(Fault::value("length", expected, format!("{} after them", length - 8))));
    }
    let mut text = vec![0u8; size as usize];
    file.read_exact(&mut text).map_err(io("read"))?;
    let header: Header = serde_json::from_slice(&text)
        .map_err(|e| fault(Fault::Syntax(format!("expected a safetensors header in JSON: {e}"))))?;
    drop(text);
    let data = length - 8 - size;
    check(&header, data).map_err(fault)?;
    let (name, tensor) = choose(&header, name).map_err(fault)?;
    let dtype = match tensor.dtype.as_str() {
        "F16" => Dtype::F16,
        "BF16" => Dtype::Bf16,
        "F32" => Dtype::F32,
        "F64" => Dtype::F64,
        other => return Err(fault(Fault::value("dtype", "F16, BF16, F32 or F64", other))),
    };
    let [outer, inner] = tensor.shape[..] else {
        return Err(fault(Fault::value("shape", "two dimensions", format!("{:?}", tensor.shape))));
    };
    let grid = Grid {
        path: path.to_owned(),
        start: 8 + size + tensor.data_offsets[0],
        outer,
        inner,
        row_stride: inner.saturating_mul(dtype.bytes()),
        dtype,
        flagged: false,
        turned: false,
    };
    grid.check(8 + size + tensor.data_offsets[1])?;
    let name = name.to_owned();
    let metadata = Metadata::of_pairs(path, header.metadata)?;
    Ok(About {
        format: Format::Safetensors,
        dtype: dtype.name().to_owned(),
        layout: Layout::Matrix(grid),
        tensor: Some(name),
        metadata,
        files: vec![path.to_owned()],
    })
}

/// The tensors fill the data, each byte once, and each is as long as its shape says.
fn check(header: &Header, data: u64) -> std::result::Result<(), Fault> {
    let mut by_offset: Vec<(&String, &Tensor)> = header.tensors.iter().collect();
    by_offset.sort_unstable_by_key(|(_, tensor)| tensor.data_offsets);
    let mut end = 0;
    for (name, Tensor { dtype, shape, data_offsets: [from, to] }) in by_offset {
        let of = |what: &str| format!("{what} of tensor {}", shown(name));
        if from > to || *to > data {
            let expected = format!("{} within {data} bytes", of("offsets"));
            return Err(Fault::value("data_offsets", expected, format!("{from} to {to}")));
        }
        if *from != end {
            let expected = format!("{} from byte {end} on, without overlap or gap", of("the data"));
            return Err(Fault::value("data_offsets", expected, from));
        }
        end = *to;
        let bits = bits(dtype)
            .ok_or_else(|| Fault::value("dtype", "a type that safetensors has", dtype))?;
        let count = shape.iter().try_fold(bits, |n, size| n.checked_mul(*size));
        if count != (to - from).checked_mul(8) {
            let expected = format!("{} that fits its {} bytes", of("a shape"), to - from);
            return Err(Fault::value("shape", expected, format!("{shape:?} of {dtype}")));
        }
    }
    if end == data {
        return Ok(());
    }
    let expected = format!("{end} bytes of tensors by the header");
    Err(Fault::value("length", expected, format!("{data}")))
}

fn bits(dtype: &str) -> Option<u64> {
    Some(match dtype {
        "F4" => 4,
        "F6_E2M3" | "F6_E3M2" => 6,
        "BOOL" | "U8" | "I8" | "F8_E4M3" | "F8_E5M2" | "F8_E8M0" | "F8_E4M3FNUZ"
        | "F8_E5M2FNUZ" => 8,
        "I16" | "U16" | "F16" | "BF16" => 16,
        "I32" | "U32" | "F32" => 32,
        "I64" | "U64" | "F64" | "C64" => 64,
        _ => return None,
    })
}

fn choose<'a>(
    header: &'a Header,
    name: Option<&str>,
) -> std::result::Result<(&'a str, &'a Tensor), Fault> {
    let names = || {
        let names: Vec<&str> = header.tensors.keys().map(String::as_str).take(8).collect();
        names.join(", ")
    };
    if let Some(name) = name {
        let found = header.tensors.get_key_value(name);
        let found = found.map(|(name, tensor)| (name.as_str(), tensor));
        return found.ok_or_else(|| {
            Fault::value("--tensor", format!("one of the file's tensors ({})", names()), name)
        });
    }
    let mut matrices = header.tensors.iter().filter(|(_, tensor)| tensor.shape.len() == 2);
    match (matrices.next(), matrices.next()) {
        (Some((name, tensor)), None) => Ok((name, tensor)),
        (None, _) => Err(Fault::value("tensors", "one of two dimensions", names())),
        (Some(_), Some(_)) => {
            Err(Fault::value("tensors", "one of two dimensions, or --tensor NAME", names()))
        }
    }
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Header;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<Header, A::Error> {
                let mut header = Header::default();
                let mut seen = false;
                while let Some(name) = map.next_key::<String>()? {
                    if header.tensors.len() > MOST_TENSORS {
                        return Err(A::Error::custom(format_args!(
                            "expected at most {MOST_TENSORS} tensors"
                        )));
                    }
                    let again = if name == "__metadata__" {
                        header.metadata = map.next_value::<Pairs>()?.0;
                        std::mem::replace(&mut seen, true)
                    } else {
                        header.tensors.insert(name.clone(), map.next_value()?).is_some()
                    };
                    if again {
                        return Err(A::Error::custom(format_args!(
                            "{} is there twice",
                            shown(&name)
                        )));
                    }
                }
                Ok(header)
            }
        }

        from.deserialize_map(Entries)
    }
}

/// The entries of an object of strings, as they come.
struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of strings")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        from.deserialize_map(Entries)
    }
}
