//! How a file is written: its encoding and its delimiter, told from its beginning.

use serde::{Deserialize, Serialize};

use super::CsvError;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialect {
    /// The byte between two cells.
    pub delimiter: u8,
    /// The encoding of its text.
    pub encoding: Encoding,
}

/// The encoding of a file's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encoding {
    /// UTF-8. A record that is not is refused.
    #[serde(rename = "utf-8")]
    Utf8,
    /// Windows-1252, which holds Latin-1: what older spreadsheets write in the West.
    #[serde(rename = "windows-1252")]
    Windows1252,
}

/// Tells the dialect and the length of the byte order mark.
pub(super) fn detect(head: &[u8], whole: bool) -> Result<(Dialect, u64), CsvError> {
    let kind = match head {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16 text"),
        [b'P', b'K', 3, 4, ..] => Some("a spreadsheet or a zip archive"),
        [0x1f, 0x8b, ..] => Some("a gzip archive"),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Some("an old Excel workbook"),
        _ if head.starts_with(b"%PDF") => Some("a PDF"),
        _ if head.contains(&0) => Some("binary data or UTF-16 text"),
        _ => None,
    };
    if let Some(kind) = kind {
        return Err(CsvError::NotCsv(kind));
    }
    let bom = if head.starts_with(&[0xef, 0xbb, 0xbf]) {
        3
    } else {
        0
    };
    let text = head.get(bom..).unwrap_or_default();
    if text.iter().all(u8::is_ascii_whitespace) && whole {
        return Err(CsvError::Empty);
    }
    let encoding = if bom > 0 {
        Encoding::Utf8
    } else {
        encoding(text, whole)
    };
    Ok((
        Dialect {
            delimiter: delimiter(text),
            encoding,
        },
        bom as u64,
    ))
}

/// UTF-8, unless bytes that it cannot be outnumber the characters that only it can be.
fn encoding(mut text: &[u8], whole: bool) -> Encoding {
    let (mut good, mut bad) = (0_usize, 0_usize);
    loop {
        match std::str::from_utf8(text) {
            Ok(valid) => {
                good += valid.chars().filter(|c| !c.is_ascii()).count();
                break;
            }
            Err(error) => {
                let (valid, rest) = text.split_at(error.valid_up_to());
                good += String::from_utf8_lossy(valid)
                    .chars()
                    .filter(|c| !c.is_ascii())
                    .count();
                // A character cut at the end of the piece says nothing.
                let Some(length) = error.error_len() else {
                    bad += usize::from(whole);
                    break;
                };
                bad += 1;
                text = rest.get(length..).unwrap_or_default();
            }
        }
    }
    if bad > good {
        Encoding::Windows1252
    } else {
        Encoding::Utf8
    }
}

/// The candidate that the first line holds most of, outside of quotes.
fn delimiter(text: &[u8]) -> u8 {
    const CANDIDATES: [u8; 4] = [b',', b';', b'\t', b'|'];
    let mut counts = [0_usize; 4];
    let (mut quoted, mut some) = (false, false);
    for byte in text {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted && some => break,
            _ if quoted => {}
            byte => {
                some |= !byte.is_ascii_whitespace();
                if let Some(at) = CANDIDATES.iter().position(|c| c == byte) {
                    counts[at] += 1;
                }
            }
        }
    }
    let mut best = 0;
    for at in 1..CANDIDATES.len() {
        if counts[at] > counts[best] {
            best = at;
        }
    }
    CANDIDATES[best]
}

/// Decodes a cell; `None` when it is not of the encoding.
pub(super) fn decode(bytes: &[u8], encoding: Encoding) -> Option<String> {
    match encoding {
        Encoding::Utf8 => std::str::from_utf8(bytes).ok().map(str::to_owned),
        Encoding::Windows1252 => Some(bytes.iter().map(|b| windows_1252(*b)).collect()),
    }
}

fn windows_1252(byte: u8) -> char {
    const UPPER: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => UPPER[usize::from(byte - 0x80)],
        byte => char::from(byte),
    }
}
