//! Contents of datasets, which anybody may have written.

use meed_ledger::similar::elements_digest;

/// How bytes are divided into blocks does not matter, and elements are no more than bytes.
fn divided(data: &[u8], text: bool) -> (u64, u64) {
    let whole = elements_digest(&[data], text);
    // Blocks of sizes that the bytes themselves say, from 1 on.
    let mut blocks = Vec::new();
    let mut rest = data;
    while let Some(first) = rest.first() {
        let (block, after) = rest.split_at(rest.len().min(1 + usize::from(*first) % 7));
        blocks.push(block);
        rest = after;
    }
    assert_eq!(elements_digest(&blocks, text), whole);
    let (rows, phrases, _) = whole;
    assert!(rows <= data.len() as u64 && phrases <= data.len() as u64);
    (rows, phrases)
}

/// Rows and phrases of text, and chunks of bytes.
pub fn similar(data: &[u8]) -> bool {
    let (chunks, none) = divided(data, false);
    assert!(none == 0 && (chunks == 0) == data.is_empty());
    let (rows, phrases) = divided(data, true);
    assert!(phrases >= rows);
    rows > 0
}

/// Text with all that is special in it, and bytes.
pub fn similar_seeds() -> Vec<Vec<u8>> {
    let text = "a,b,\"c d\"\r\n-1.5e-3\t--2 İstanbul STRASSE 東京タワー e\u{301}\n\n x y z 1 2 3";
    let binary = (0..4_096u32).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    vec![text.into(), [text.as_bytes(), b"\xff\xe2\x82\n\xf0\x9f\x98 a b"].concat(), binary]
}
