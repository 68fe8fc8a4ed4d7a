//! Text as words, rows of words, and phrases.
//!
//! A word is a run of letters and digits in small letters, whatever stands between words; a number
//! keeps its minus. Ideographs and kana, which are written without spaces, are words of their own. A
//! row ends with its line, and a line without a word is none. So a copy stays the same when its rows
//! are indented, quoted, separated by tabs instead of commas, or written in capitals.

use siphasher::sip::SipHasher13;

use super::Element;

/// Words in a phrase.
pub const PHRASE: usize = 4;
/// Longest word, in bytes; a longer one counts as several.
const LONGEST: usize = 1 << 10;
/// Keys of SipHash: any fixed ones.
const KEYS: (u64, u64) = (0x6d65_6564_2072_6f77, 0x7320_616e_6420_7777);

/// Hash of bytes, the same on every machine.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    SipHasher13::new_with_keys(KEYS.0, KEYS.1).hash(bytes)
}

/// Mixes the bits of a number: one number for each (the finalizer of SplitMix64).
pub(super) fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The hash of a sequence that goes on with one more.
fn then(sequence: u64, next: u64) -> u64 {
    mix(sequence.rotate_left(23) ^ next)
}

/// Takes text apart as it comes, in memory that its length does not matter to.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// The beginning of a character that the last block cut.
    cut: Vec<u8>,
    word: Vec<u8>,
    /// Whether the character before belongs to a word.
    after_word: bool,
    /// Whether it is a minus that may belong to a number.
    minus: bool,
    /// Words of the row so far, and their hash.
    words: usize,
    row: u64,
    last: [u64; PHRASE],
    /// Whether the row is a header, which is left out.
    header: bool,
}

impl Words {
    /// `header` leaves the first row out.
    pub(super) fn new(header: bool) -> Self {
        Self { header, ..Self::default() }
    }

    /// Takes the next bytes. What is no UTF-8 stands between words.
    pub(super) fn push(&mut self, mut bytes: &[u8], out: &mut impl FnMut(Element)) {
        while !self.cut.is_empty() {
            let Some((first, rest)) = bytes.split_first() else { return };
            self.cut.push(*first);
            match std::str::from_utf8(&self.cut) {
                Ok(text) => {
                    let c = text.chars().next().unwrap_or(char::REPLACEMENT_CHARACTER);
                    self.cut.clear();
                    self.character(c, out);
                    bytes = rest;
                }
                Err(e) if e.error_len().is_none() => bytes = rest,
                // It was no beginning; the last byte may be one.
                Err(_) => {
                    self.cut.clear();
                    self.character(char::REPLACEMENT_CHARACTER, out);
                }
            }
        }
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            chunk.valid().chars().for_each(|c| self.character(c, out));
            let rest = chunk.invalid();
            let cut = || std::str::from_utf8(rest).is_err_and(|error| error.error_len().is_none());
            if rest.is_empty() {
                continue;
            }
            if chunks.peek().is_none() && cut() {
                self.cut.extend_from_slice(rest);
            } else {
                self.character(char::REPLACEMENT_CHARACTER, out);
            }
        }
    }

    /// The text ends.
    pub(super) fn finish(&mut self, out: &mut impl FnMut(Element)) {
        self.cut.clear();
        self.end_word(out);
        self.end_row(out);
    }

    fn character(&mut self, c: char, out: &mut impl FnMut(Element)) {
        if alone(c) {
            self.end_word(out);
            let mut bytes = [0; 4];
            self.add(hash(c.encode_utf8(&mut bytes).as_bytes()), out);
            (self.after_word, self.minus) = (true, false);
        } else if c.is_alphanumeric() {
            if self.minus && c.is_ascii_digit() {
                self.word.push(b'-');
            }
            if c.is_ascii() {
                self.word.push(c.to_ascii_lowercase() as u8);
            } else {
                let mut bytes = [0; 4];
                for small in c.to_lowercase() {
                    self.word.extend_from_slice(small.encode_utf8(&mut bytes).as_bytes());
                }
            }
            (self.after_word, self.minus) = (true, false);
            if self.word.len() >= LONGEST {
                self.end_word(out);
            }
        } else {
            self.end_word(out);
            self.minus = c == '-' && !self.after_word;
            self.after_word = false;
            if matches!(c, '\n' | '\r') {
                self.end_row(out);
            }
        }
    }

    fn end_word(&mut self, out: &mut impl FnMut(Element)) {
        if !self.word.is_empty() {
            let word = hash(&self.word);
            self.word.clear();
            self.add(word, out);
        }
    }

    fn add(&mut self, word: u64, out: &mut impl FnMut(Element)) {
        self.row = then(self.row, word);
        self.last[self.words % PHRASE] = word;
        self.words += 1;
        if self.words >= PHRASE && !self.header {
            let phrase = (0..PHRASE).map(|i| self.last[(self.words + i) % PHRASE]);
            out(Element::Phrase(phrase.fold(1, then)));
        }
    }

    fn end_row(&mut self, out: &mut impl FnMut(Element)) {
        if self.words > 0 && !std::mem::take(&mut self.header) {
            if self.words < PHRASE {
                out(Element::Phrase(self.row));
            }
            out(Element::Row(self.row));
        }
        (self.words, self.row) = (0, 0);
    }
}

/// Whether a character is a word of its own: ideographs and kana.
fn alone(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
        && c.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(text: impl AsRef<[u8]>) -> Vec<Element> {
        let (mut words, mut elements) = (Words::default(), Vec::new());
        words.push(text.as_ref(), &mut |e| elements.push(e));
        words.finish(&mut |e| elements.push(e));
        elements
    }

    fn rows(text: &str) -> Vec<u64> {
        let of = |e| if let Element::Row(row) = e { Some(row) } else { None };
        elements(text).into_iter().filter_map(of).collect()
    }

    #[test]
    fn what_stands_between_words_does_not_matter() {
        let row = rows("the quick, brown Fox; 1.5 -2\n");
        assert_eq!(row.len(), 1);
        for same in [
            "  The\tquick BROWN fox 1 5 -2",
            "\"the\",\"quick\",\"brown\",\"fox\",1.5,-2\r\n",
            "\n\n---\nthe/quick/brown/fox/1,5/-2\n \n",
            "the quick\u{a0}brown «fox» 1.5|-2",
        ] {
            assert_eq!(rows(same), row, "{same}");
        }
        for other in [
            "the quick brown fox 1.5 2",
            "quick the brown fox 1.5 -2",
            "the quick brown fox 15 -2",
            "the quick brown\nfox 1.5 -2",
            "the quick brown fox 1.5 -2 -2",
        ] {
            assert_ne!(rows(other), row, "{other}");
        }
        assert_eq!(rows("STRASSE ÉTÉ ДА"), rows("strasse été да"));
        assert_eq!(rows("a-1"), rows("a 1"));
        assert_ne!(rows("a -1"), rows("a 1"));
    }

    #[test]
    fn phrases_are_of_four_words_or_a_shorter_row() {
        let phrases =
            |text: &str| elements(text).iter().filter(|e| matches!(e, Element::Phrase(_))).count();
        for (text, count) in [("", 0), ("a", 1), ("a b c", 1), ("a b c d", 1), ("a b c d e", 2)] {
            assert_eq!(phrases(text), count, "{text}");
        }
        assert_eq!(phrases("東京タワー"), 2, "kana and ideographs are words");
        // The same four words have the same hash wherever they stand in a row.
        let (one, other) = (elements("x a b c d"), elements("a b c d y"));
        assert_eq!(one[1], other[0]);
    }

    #[test]
    fn blocks_may_cut_anywhere() {
        let text = "Ein Bär, −3 кот\u{1F600} -7 x\n東京 -1 --2 é".as_bytes();
        let mut bad = text.to_vec();
        bad.extend(b"\xe2\x82 x \xf0\x9f\n\xff\xc3\xa9t\xc3");
        let whole = elements(&bad);
        for size in 1..bad.len() {
            let (mut words, mut pieces) = (Words::default(), Vec::new());
            bad.chunks(size).for_each(|block| words.push(block, &mut |e| pieces.push(e)));
            words.finish(&mut |e| pieces.push(e));
            assert_eq!(pieces, whole, "in blocks of {size}");
        }
    }

    #[test]
    fn a_word_without_end_takes_no_memory() {
        let mut words = Words::default();
        let mut count = 0;
        for _ in 0..1_000 {
            words.push(&[b'a'; 1_000], &mut |_| count += 1);
            assert!(words.word.len() < LONGEST + 4);
        }
        assert!(count > 900);
    }

    #[test]
    fn the_hashes_are_those_of_every_machine() {
        // Computed with another implementation of SipHash-1-3.
        assert_eq!(rows("the quick brown fox"), [9_799_091_467_771_598_005]);
    }
}
