//! Finds the end of a record, quotes minded, and quotes that never close.

use copilot_domain::limits::MAX_CSV_RECORD_BYTES;

/// What stands at the beginning of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scan {
    /// A record: its bytes without and with the end of line, and how many lines it spans.
    Whole {
        content: usize,
        length: usize,
        lines: u64,
    },
    /// The record does not end within these bytes.
    More,
    /// Text follows a closing quote, or a quote never closes; it opened so many lines below the record's first.
    /// Text after a quote that closes on another line means that the closing one belongs to another text.
    Broken { opened: u64, never_closed: bool },
    /// The record does not end within the limit.
    TooLarge,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    FieldStart,
    Plain,
    Quoted,
    AfterQuote,
}

/// Scans one record. `finished` says that no bytes will follow; `max_lines` bounds a quoted field.
///
/// The answer depends only on the bytes from the record's start, never on how they were cut into chunks.
pub(super) fn scan(bytes: &[u8], delimiter: u8, finished: bool, max_lines: u64) -> Scan {
    let mut state = State::FieldStart;
    let (mut lines, mut opened) = (0_u64, 0_u64);
    for (at, byte) in bytes.iter().copied().enumerate() {
        if at >= MAX_CSV_RECORD_BYTES || lines - opened > max_lines {
            let quoted = matches!(state, State::Quoted | State::AfterQuote);
            return if quoted {
                Scan::Broken {
                    opened,
                    never_closed: true,
                }
            } else {
                Scan::TooLarge
            };
        }
        let newline = byte == b'\n' || byte == b'\r';
        match state {
            State::Quoted => match byte {
                b'"' => state = State::AfterQuote,
                b'\n' => lines += 1,
                b'\r' if bytes.get(at + 1).is_some_and(|next| *next != b'\n') => lines += 1,
                _ => {}
            },
            _ if newline => {
                return match line_end(bytes, at, finished) {
                    Some(length) => Scan::Whole {
                        content: at,
                        length,
                        lines: lines + 1,
                    },
                    None => Scan::More,
                };
            }
            _ if byte == delimiter => state = State::FieldStart,
            State::FieldStart if byte == b'"' => {
                state = State::Quoted;
                opened = lines;
            }
            State::AfterQuote if byte == b'"' => state = State::Quoted,
            State::AfterQuote => {
                return Scan::Broken {
                    opened,
                    never_closed: lines > opened,
                };
            }
            State::FieldStart | State::Plain => {
                state = State::Plain;
                // Outside of quotes a line cannot be crossed, so only the bytes bound the record.
                opened = lines;
            }
        }
    }
    match state {
        _ if !finished => Scan::More,
        State::Quoted => Scan::Broken {
            opened,
            never_closed: true,
        },
        _ => Scan::Whole {
            content: bytes.len(),
            length: bytes.len(),
            lines: lines + 1,
        },
    }
}

/// Where the line that ends at `at` (`\n`, `\r` or `\r\n`) is over; `None` when a `\n` may still follow.
pub(super) fn line_end(bytes: &[u8], at: usize, finished: bool) -> Option<usize> {
    match (bytes.get(at), bytes.get(at + 1)) {
        (Some(b'\r'), Some(b'\n')) => Some(at + 2),
        (Some(b'\r'), None) if !finished => None,
        _ => Some(at + 1),
    }
}
