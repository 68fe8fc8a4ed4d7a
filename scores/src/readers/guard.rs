//! A look at JSON before it is parsed: how deep it nests, how long its words are and how many members an
//! object has. A parser of streams keeps little, but a key, a string and a level of nesting are kept
//! whole.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// Objects and lists nest at most this deep.
const DEPTH: usize = 32;
/// Longest string, key or number, in bytes.
const LONGEST_WORD: u64 = 1 << 20;
/// Most members of an object.
const MOST_MEMBERS: u64 = 1 << 20;

/// Reads on while the bytes keep the bounds.
pub(super) struct Guard<R> {
    input: R,
    read: Rc<Cell<u64>>,
    in_string: bool,
    escaped: bool,
    word: u64,
    /// Members so far of each open object; `None` for a list.
    open: Vec<Option<u64>>,
}

impl<R: Read> Guard<R> {
    pub(super) fn new(input: R) -> Self {
        let read = Rc::new(Cell::new(0));
        Self { input, read, in_string: false, escaped: false, word: 0, open: Vec::new() }
    }

    /// Bytes read so far, for progress.
    pub(super) fn read(&self) -> Rc<Cell<u64>> {
        Rc::clone(&self.read)
    }

    fn look(&mut self, byte: u8) -> Result<(), String> {
        if self.in_string {
            self.word += 1;
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => {
                    self.in_string = false;
                    self.word = 0;
                }
                _ => {}
            }
        } else {
            match byte {
                b'"' => {
                    self.in_string = true;
                    self.word = 0;
                }
                b'{' | b'[' => {
                    if self.open.len() == DEPTH {
                        return Err(format!(
                            "expected at most {DEPTH} objects and lists in each other"
                        ));
                    }
                    self.open.push((byte == b'{').then_some(0));
                    self.word = 0;
                }
                b'}' | b']' => {
                    self.open.pop();
                    self.word = 0;
                }
                b':' => {
                    if let Some(Some(members)) = self.open.last_mut() {
                        *members += 1;
                        if *members > MOST_MEMBERS {
                            return Err(format!(
                                "expected at most {MOST_MEMBERS} members of an object"
                            ));
                        }
                    }
                    self.word = 0;
                }
                b',' | b' ' | b'\n' | b'\r' | b'\t' => self.word = 0,
                _ => self.word += 1,
            }
        }
        match self.word > LONGEST_WORD {
            true => Err(format!("expected at most {LONGEST_WORD} bytes in a string or number")),
            false => Ok(()),
        }
    }
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        for byte in &buffer[..count] {
            self.look(*byte).map_err(|text| io::Error::new(io::ErrorKind::InvalidData, text))?;
        }
        self.read.set(self.read.get() + count as u64);
        Ok(count)
    }
}
