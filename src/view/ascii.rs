//! A drawn frame in ASCII: every other character is replaced by one that says the same.

use ratatui::buffer::Buffer;

pub fn reduce(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if !cell.symbol().is_ascii() {
            let plain = cell.symbol().chars().next().map_or(' ', plain);
            cell.set_char(plain);
        }
    }
}

fn plain(c: char) -> char {
    match c {
        '─' | '━' | '–' | '—' | '−' => '-',
        '│' | '┃' | '┤' | '├' => '|',
        '┌' | '┐' | '└' | '┘' | '┼' | '┴' | '┬' => '+',
        '▌' | '▶' | '›' | '→' => '>',
        '←' | '‹' => '<',
        '↑' | '▲' => '^',
        '↓' | '▼' => 'v',
        '…' => '~',
        '·' | '\u{2801}'..='\u{28ff}' | '•' => '.',
        // The heights of a sparkline, by how much ink a character has.
        '▁' => '_',
        '▂' => '.',
        '▃' => ':',
        '▄' => '-',
        '▅' => '=',
        '▆' => '+',
        '▇' => '*',
        '█' => '#',
        '░' => '.',
        '≥' => '>',
        '≤' => '<',
        '×' => 'x',
        '✓' => '+',
        '✗' => 'x',
        '≈' => '~',
        '‘' | '’' => '\'',
        '“' | '”' => '"',
        '\u{2800}' | '\u{a0}' => ' ',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::{layout::Rect, style::Style};

    #[test]
    fn the_heights_of_a_sparkline_stay_apart() {
        let heights: std::collections::BTreeSet<char> = ('▁'..='█').map(plain).collect();
        assert_eq!((heights.len(), heights.iter().all(char::is_ascii)), (8, true), "{heights:?}");
    }

    #[test]
    fn every_cell_is_ascii_and_in_its_column() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
        buffer.set_string(0, 0, "─ 日本 ↑ …é", Style::new());
        reduce(&mut buffer);
        let text: String = buffer.content.iter().map(|c| c.symbol()).collect();
        assert_eq!(text, "- ? ?  ^ ~? ");
    }
}
