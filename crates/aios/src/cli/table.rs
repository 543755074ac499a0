//! Columns for people.

use std::io::Write;

/// Space between two columns.
const GAP: usize = 2;

/// Prints rows in columns; the last column is not filled up.
pub(super) fn print(out: &mut dyn Write, rows: &[Vec<String>]) -> anyhow::Result<()> {
    let n_columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter(|row| row.len() > column + 1).map(|row| &row[column]);
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..n_columns).map(width).collect();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&format!("{cell:<width$}{:GAP$}", "", width = *width));
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Text from outside on one line, without what steers a terminal, cut after `chars_max` characters.
pub(super) fn one_line(text: &str, chars_max: usize) -> String {
    let plain = text.chars().map(|c| if steers(c) { ' ' } else { c });
    let mut line: String = plain.clone().take(chars_max).collect();
    if plain.count() > chars_max {
        line.push('…');
    }
    line
}

/// Controls, ends of lines, and marks that turn the direction of writing, which can make a line read otherwise
/// than it is.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let row = |cells: &[&str]| cells.iter().map(|&cell| cell.to_owned()).collect::<Vec<_>>();
        let mut out = Vec::new();
        print(&mut out, &[row(&["a", "é", "last"]), row(&["long", "", "x"]), row(&["z"])]).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a     é  last\nlong     x\nz\n");
    }

    #[test]
    fn text_from_outside_cannot_steer_the_terminal() {
        assert_eq!(one_line("a\nb\u{1b}[31mc", 20), "a b [31mc");
        assert_eq!(one_line("a\u{2028}b \u{202e}c\u{2066}", 20), "a b  c ");
        assert_eq!(one_line("äöü", 2), "äö…");
        assert_eq!(one_line("äö", 2), "äö");
    }
}
