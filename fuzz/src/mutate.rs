//! Deterministic mutations of bytes: flips, cuts, insertions, splices, and edits of what looks like a
//! length or a number.

/// A generator of numbers: splitmix64.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Starts from a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 bits.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `n`, which is above zero.
    pub fn below(&mut self, n: usize) -> usize {
        (self.roll() % n as u64) as usize
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// A range within `len` elements, rarely long.
    fn range(&mut self, len: usize) -> std::ops::Range<usize> {
        let start = self.below(len + 1);
        let most = if self.below(4) == 0 { len } else { 16 };
        let end = start + self.below(most.min(len - start) + 1);
        start..end
    }
}

/// No mutation grows an input beyond this.
const MOST_BYTES: usize = 1 << 16;
/// Numbers that programs get wrong.
const NUMBERS: [u64; 14] = [
    0,
    1,
    2,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0xffff_ffff_ffff_ffff,
];
/// Texts that programs get wrong.
const TEXTS: [&str; 24] = [
    "",
    "0",
    "-0",
    "-1",
    "00",
    "+1",
    "1e400",
    "1e-400",
    "1e999999999999",
    "NaN",
    "inf",
    "0x10",
    "18446744073709551616",
    "340282366920938463463374607431768211456",
    "2^4096",
    "null",
    "[]",
    "{}",
    "\"",
    ",",
    "\n",
    "\r\n",
    "\u{feff}",
    "\0",
];
/// Bytes with a meaning in some format.
const BYTES: [u8; 16] =
    [0, 1, 0x7f, 0x80, 0xff, b'\n', b'\r', b',', b'"', b'0', b'9', b'-', b'.', b'{', b'[', b' '];

/// Changes `data` once to four times; `other` is an input to take parts of.
pub fn mutate(data: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
    for _ in 0..=dice.below(4) {
        once(data, other, dice);
        data.truncate(MOST_BYTES);
    }
}

fn once(data: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
    let len = data.len();
    if len == 0 {
        data.extend_from_slice(&other[dice.range(other.len())]);
        return;
    }
    match dice.below(12) {
        0 | 1 => data[dice.below(len)] ^= 1 << dice.below(8),
        2 => data[dice.below(len)] = dice.pick(&BYTES),
        3 => data[dice.below(len)] = dice.roll() as u8,
        4 => data.truncate(dice.below(len)),
        5 => {
            let more = 1 + dice.below(64);
            let byte = dice.pick(&BYTES);
            data.extend((0..more).map(|_| byte));
        }
        6 => {
            data.drain(dice.range(len));
        }
        7 => {
            let part = data[dice.range(len)].to_vec();
            let at = dice.below(len + 1);
            data.splice(at..at, part);
        }
        8 => {
            let part = other[dice.range(other.len())].to_vec();
            let range = dice.range(len);
            data.splice(range, part);
        }
        9 | 10 => length_field(data, dice),
        _ => number(data, dice),
    }
}

/// Overwrites two, four or eight bytes, of either order, with a number or a change of the one there.
fn length_field(data: &mut [u8], dice: &mut Dice) {
    let size = dice.pick(&[2usize, 4, 8]).min(data.len());
    let at = dice.below(data.len() - size + 1);
    let field = &mut data[at..at + size];
    let big = dice.below(2) == 0;
    if big {
        field.reverse();
    }
    let mut bytes = [0; 8];
    bytes[..size].copy_from_slice(field);
    let old = u64::from_le_bytes(bytes);
    let new = match dice.below(4) {
        0 => old.wrapping_add(1),
        1 => old.wrapping_sub(1),
        2 => old ^ (1 << dice.below(8 * size)),
        _ => dice.pick(&NUMBERS),
    };
    field.copy_from_slice(&new.to_le_bytes()[..size]);
    if big {
        field.reverse();
    }
}

/// Replaces a run of digits, or nothing when there is none.
fn number(data: &mut Vec<u8>, dice: &mut Dice) {
    let from = dice.below(data.len());
    let is_digit = |b: &u8| b.is_ascii_digit();
    let Some(start) = data[from..].iter().position(is_digit).map(|i| from + i) else { return };
    let end = data[start..].iter().position(|b| !is_digit(b)).map_or(data.len(), |i| start + i);
    let new = match dice.below(3) {
        0 => dice.pick(&TEXTS).to_owned(),
        1 => dice.pick(&NUMBERS).to_string(),
        _ => dice.roll().to_string(),
    };
    data.splice(start..end, new.into_bytes());
}
