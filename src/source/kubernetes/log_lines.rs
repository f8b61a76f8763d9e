//! A log's bytes → lines, each told once however often the stream is opened anew.

use jiff::Timestamp;

/// A longer line is cut: one without an end must not fill the memory.
const LONGEST: usize = 16 << 10;

/// Lines are asked for with timestamps, by which a stream that was opened again is joined to the last.
pub struct LogLines {
    timestamps: bool,
    partial: Vec<u8>,
    /// The newest time of a line that was told, and how many lines of that time were.
    told: Option<(Timestamp, usize)>,
    /// How many lines of that time this stream had.
    again: usize,
}

impl LogLines {
    /// `timestamps`: whether the lines keep theirs.
    pub fn new(timestamps: bool) -> Self {
        LogLines { timestamps, partial: Vec::new(), told: None, again: 0 }
    }

    /// From when on to ask: the API counts in whole seconds.
    pub fn resume_from(&self) -> Option<String> {
        let (last, _) = self.told?;
        Timestamp::from_second(last.as_second()).ok().map(|t| t.to_string())
    }

    /// A stream begins.
    pub fn start(&mut self) {
        self.partial.clear();
        self.again = 0;
    }

    /// The whole lines in `chunk` that were not told before.
    pub fn take(&mut self, chunk: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for piece in chunk.split_inclusive(|b| *b == b'\n') {
            let (piece, whole) = match piece.strip_suffix(b"\n") {
                Some(line) => (line, true),
                None => (piece, false),
            };
            // One byte more than fits says that there was more.
            let room = (LONGEST + 1).saturating_sub(self.partial.len());
            self.partial.extend_from_slice(&piece[..piece.len().min(room)]);
            if whole {
                lines.extend(self.line());
            }
        }
        lines
    }

    /// The stream ended: a last line without an end is one too.
    pub fn finish(&mut self) -> Vec<String> {
        if self.partial.is_empty() { Vec::new() } else { self.line().into_iter().collect() }
    }

    fn line(&mut self) -> Option<String> {
        let bytes = std::mem::take(&mut self.partial);
        let mut text = String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST)]).into_owned();
        if bytes.len() > LONGEST {
            text.push('…');
        }
        let Some((at, rest)) = text.split_once(' ').and_then(|(t, rest)| Some((t.parse().ok()?, rest)))
        else {
            return Some(text);
        };
        self.is_new(at).then(|| if self.timestamps { text.clone() } else { rest.to_owned() })
    }

    fn is_new(&mut self, at: Timestamp) -> bool {
        match self.told {
            Some((last, _)) if at < last => false,
            Some((last, times)) if at == last => {
                self.again += 1;
                let new = self.again > times;
                self.told = Some((last, times.max(self.again)));
                new
            }
            _ => {
                self.told = Some((at, 1));
                self.again = 1;
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(lines: &mut LogLines, text: &str) -> Vec<String> {
        lines.start();
        let mut told = lines.take(text.as_bytes());
        told.extend(lines.finish());
        told
    }

    #[test]
    fn a_stream_opened_again_goes_on_where_it_broke_off() {
        let mut lines = LogLines::new(false);
        assert_eq!(lines.resume_from(), None);
        let first = "2026-11-21T09:30:20.1Z a\n2026-11-21T09:30:20.12Z b\n2026-11-21T09:30:20.12Z b\n";
        assert_eq!(stream(&mut lines, first), ["a", "b", "b"]);
        assert_eq!(lines.resume_from().as_deref(), Some("2026-11-21T09:30:20Z"));
        let more = "2026-11-21T09:30:20.12Z b\n2026-11-21T09:30:20.2Z c\n";
        assert_eq!(stream(&mut lines, &format!("{first}{more}")), ["b", "c"]);
        assert_eq!(stream(&mut lines, "2026-11-21T09:30:20.2Z c\n"), [""; 0]);
    }

    #[test]
    fn lines_are_whole_however_the_stream_is_cut() {
        let text = "2026-11-21T09:30:20Z é\n2026-11-21T09:30:21Z two words\n2026-11-21T09:30:22Z \nno time";
        for cut in 0..text.len() {
            let mut lines = LogLines::new(false);
            lines.start();
            let mut told = lines.take(&text.as_bytes()[..cut]);
            told.extend(lines.take(&text.as_bytes()[cut..]));
            told.extend(lines.finish());
            assert_eq!(told, ["é", "two words", "", "no time"], "cut at {cut}");
        }
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let mut lines = LogLines::new(true);
        lines.start();
        for _ in 0..8 {
            assert!(lines.take(&[b'x'; LONGEST / 2]).is_empty());
        }
        assert!(lines.partial.len() <= LONGEST + 1);
        let told = lines.take(b"\nnext\n");
        assert!(told[0].ends_with("x…") && told[0].len() == LONGEST + '…'.len_utf8());
        assert_eq!(told[1], "next");
    }
}
