//! A bundle as one file: a tar archive (ustar) whose bytes follow from the bundle's alone.

use crate::error::{Result, ServiceError};

const BLOCK: usize = 512;

/// Packs the files of a bundle into a folder of the archive. Names are short and plain.
#[must_use]
pub fn pack(folder: &str, files: &[(&'static str, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, bytes) in files {
        let mut head = [0u8; BLOCK];
        let mut put =
            |at: usize, text: &str| head[at..at + text.len()].copy_from_slice(text.as_bytes());
        put(0, &format!("{folder}/{name}"));
        put(100, "0000644\0");
        put(108, "0000000\0");
        put(116, "0000000\0");
        put(124, &format!("{:011o}\0", bytes.len()));
        put(136, "00000000000\0");
        put(148, "        ");
        put(156, "0");
        put(257, "ustar\x0000");
        let sum: u32 = head.iter().map(|b| u32::from(*b)).sum();
        head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        out.extend_from_slice(&head);
        out.extend_from_slice(bytes);
        out.resize(out.len().next_multiple_of(BLOCK), 0);
    }
    out.resize(out.len() + 2 * BLOCK, 0);
    out
}

/// The files of an archive that [`pack`] made: name below the folder, and bytes.
///
/// # Errors
/// [`ServiceError::Artefact`] when it is another archive.
pub fn unpack(archive: &[u8]) -> Result<Vec<(String, &[u8])>> {
    let other = |expected: &str| ServiceError::Artefact {
        name: "bundle".to_owned(),
        what: "archive",
        expected: expected.to_owned(),
        got: "another".to_owned(),
    };
    let mut files = Vec::new();
    let mut rest = archive;
    loop {
        let (head, body) = rest.split_at_checked(BLOCK).ok_or_else(|| other("a head of a file"))?;
        if head.iter().all(|byte| *byte == 0) {
            return Ok(files);
        }
        let text = |from: usize, to: usize| {
            let field = head.get(from..to)?.split(|byte| *byte == 0).next()?;
            std::str::from_utf8(field).ok()
        };
        let name = text(0, 100).and_then(|name| name.split_once('/')).map(|(_, name)| name);
        let name = name.filter(|name| !name.contains('/')).ok_or_else(|| other("a plain name"))?;
        let length = text(124, 136).and_then(|digits| usize::from_str_radix(digits, 8).ok());
        let length = length.filter(|length| *length <= body.len());
        let length = length.ok_or_else(|| other("a length within the archive"))?;
        files.push((name.to_owned(), &body[..length]));
        rest = body.get(length.next_multiple_of(BLOCK)..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn tar_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let files = [("a.json", b"{}\n".to_vec()), ("b.bin", vec![7; 513]), ("c.csv", vec![])];
        let path = folder.path().join("bundle.tar");
        std::fs::write(&path, pack("bundle", &files)).unwrap();
        let done = Command::new("tar").arg("-xf").arg(&path).current_dir(&folder).status().unwrap();
        assert!(done.success());
        for (name, bytes) in files {
            assert_eq!(std::fs::read(folder.path().join("bundle").join(name)).unwrap(), bytes);
        }
    }

    #[test]
    fn an_archive_is_what_was_packed_or_an_error() {
        let archive = pack("bundle", &[("a.json", b"{}\n".to_vec()), ("b.bin", vec![7; 513])]);
        let files = unpack(&archive).unwrap();
        assert_eq!(files[0], ("a.json".to_owned(), &b"{}\n"[..]));
        assert_eq!(files[1], ("b.bin".to_owned(), &[7; 513][..]));
        for length in 0..archive.len() - 1024 {
            assert!(unpack(&archive[..length]).is_err(), "{length}");
        }
        let mut bad = archive.clone();
        bad[124..135].copy_from_slice(b"77777777777");
        assert!(unpack(&bad).is_err());
    }
}
