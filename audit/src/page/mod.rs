//! A report page: one HTML file that stands alone.
//!
//! It holds the data, the program that shows it, and the WebAssembly module that checks it. Its
//! content security policy lets it run these and nothing else, and lets it reach no network. Data is never
//! markup: the page puts it into text nodes only, and here it stands in a block where `<` cannot occur.

mod site;

use std::io::Write;

use base64::prelude::{Engine, BASE64_STANDARD};
use flate2::{write::GzEncoder, Compression};
use sha2::{Digest, Sha256};

use crate::view::View;

pub use site::{Site, SiteError, INDEX};

/// The program, built from `audit/page/src`.
pub const SCRIPT: &str = include_str!("../../page/dist/page.js");
/// The style sheet.
pub const STYLE: &str = include_str!("../../page/dist/page.css");
/// The WebAssembly module, built from `audit/wasm`, as gzip.
pub const MODULE: &[u8] = include_bytes!("../../page/dist/checks.wasm.gz");
/// Names and licences of what is in [`SCRIPT`] and [`MODULE`].
pub const NOTICE: &str = include_str!("../../page/dist/NOTICE.txt");

/// From this many bytes on the data is compressed.
const COMPRESS_FROM: usize = 1 << 14;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// The view cannot be written as JSON.
    #[error("cannot write the page's data")]
    Data(#[from] serde_json::Error),
    /// The data cannot be compressed.
    #[error("cannot compress the page's data")]
    Compress(#[from] std::io::Error),
}

/// Writes a page. The same view gives the same bytes.
///
/// # Errors
/// [`PageError`], which no view is known to cause.
pub fn render(view: &View) -> Result<String, PageError> {
    let data = data_block(&serde_json::to_string(view)?)?;
    let module = BASE64_STANDARD.encode(MODULE);
    Ok(document(&policy(), &format!("Epoch {} - Meed", view.epoch), &data, &module))
}

/// The content security policy: this program, this style, nothing from anywhere.
#[must_use]
pub fn policy() -> String {
    let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; script-src 'sha256-{}' 'wasm-unsafe-eval'; style-src 'sha256-{}'; \
         worker-src blob:; img-src data:; base-uri 'none'; form-action 'none'",
        hash(SCRIPT),
        hash(STYLE),
    )
}

/// The policy of a page without a program.
fn static_policy() -> String {
    let style = BASE64_STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; img-src data:; base-uri 'none'; \
         form-action 'none'"
    )
}

/// Text as HTML shows it.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '&' => escaped += "&amp;",
            '"' => escaped += "&quot;",
            _ => escaped.push(c),
        }
    }
    escaped
}

/// The element that holds the data.
fn data_block(json: &str) -> Result<String, PageError> {
    if json.len() < COMPRESS_FROM {
        // In JSON `<` occurs within strings only, where this is another way to write it. Without it
        // nothing can end the element or open a comment.
        let json = json.replace('<', "\\u003c");
        return Ok(format!("<script type=\"application/json\" id=\"data\">{json}</script>"));
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(json.as_bytes())?;
    let bytes = BASE64_STANDARD.encode(encoder.finish()?);
    Ok(format!("<script type=\"application/gzip\" id=\"data\">{bytes}</script>"))
}

/// `title`, `policy` and `module` hold no markup.
fn document(policy: &str, title: &str, data: &str, module: &str) -> String {
    format!(
        "<!doctype html>\n\
         <html lang=\"en\">\n\
         <head>\n\
         <meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <title>{title}</title>\n\
         <style>{STYLE}</style>\n\
         </head>\n\
         <body>\n\
         <div id=\"app\"><p class=\"loading\" role=\"status\">Reading the epoch&hellip;</p></div>\n\
         <noscript><p class=\"loading\">This page needs JavaScript to show and check its data. The bundle says \
         the same as plain files, and <code>meed verify</code> checks it.</p></noscript>\n\
         {data}\n\
         <script type=\"text/plain\" id=\"notice\">{NOTICE}</script>\n\
         <script type=\"application/octet-stream\" id=\"module\">{module}</script>\n\
         <script>{SCRIPT}</script>\n\
         </body>\n\
         </html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_program_cannot_end_its_element() {
        assert!(!SCRIPT.to_ascii_lowercase().contains("</script"));
        assert!(!SCRIPT.contains("<!--") && !NOTICE.contains("<!--"));
        assert!(!NOTICE.to_ascii_lowercase().contains("</script"));
        assert!(!STYLE.to_ascii_lowercase().contains("</style"));
    }

    #[test]
    fn small_data_stays_readable_and_is_no_markup() {
        let block = data_block(r#"{"name":"</script><script>alert(1)</script><!--"}"#).unwrap();
        assert_eq!(block.matches('<').count(), 2, "{block}");
        assert!(block.contains(r"\u003c/script>\u003cscript>alert(1)"), "{block}");
    }

    #[test]
    fn large_data_is_compressed_and_comes_back() {
        use std::io::Read;
        let json = format!("{{\"a\":\"{}\"}}", "<x".repeat(COMPRESS_FROM));
        let block = data_block(&json).unwrap();
        let start = block.find('>').unwrap() + 1;
        let end = block.rfind('<').unwrap();
        let bytes = BASE64_STANDARD.decode(&block[start..end]).unwrap();
        let mut text = String::new();
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
        assert_eq!(text, json);
        assert!(block.len() < json.len() / 10);
    }
}
