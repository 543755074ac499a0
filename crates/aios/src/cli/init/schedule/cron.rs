//! A line for a crontab, as `crontab(5)` has it.

use super::Job;
use crate::cli::init::{Plan, piece::Piece};

pub(super) fn plan(job: &Job) -> Plan {
    let next = [
        "next: `crontab -e` and put the line in, or add it to what is there:",
        "  (crontab -l; cat aios-nightly.crontab) | crontab -",
        "cron does not make up for nights when the machine was off; `aios serve` and systemd do",
    ];
    Plan {
        pieces: vec![Piece::text("aios-nightly.crontab", line(job))],
        next: next.map(str::to_owned).to_vec(),
    }
}

fn line(job: &Job) -> String {
    let words = std::iter::once(&job.program).chain(&job.args);
    let command = words.map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
    let command = format!("cd {} && {command}", quoted(&job.directory));
    // Also between quotes a `%` would end the command; the shell never sees the backslash.
    format!("0 2 * * * {}\n", command.replace('%', "\\%"))
}

/// One word for `sh`: between single quotes nothing is special but the quote itself.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:".contains(c);
    if word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::awkward;
    use super::*;

    #[test]
    fn a_line_names_its_words_exactly() {
        let expect = r#"0 2 * * * cd '/srv/my app' && '/opt/a & b/aios' nightly --data-dir '/srv/50\% "it'\''s" $HOME\'"#;
        assert_eq!(line(&awkward()).trim_end(), expect);
    }
}
