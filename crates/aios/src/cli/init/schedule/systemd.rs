//! A service that runs once and a timer that starts it, as `systemd.service(5)` and `systemd.timer(5)` have them.

use super::Job;
use crate::cli::init::{Plan, piece::Piece};

pub(super) fn plan(job: &Job) -> Plan {
    let next = [
        "next: copy both files to ~/.config/systemd/user/, then",
        "  systemctl --user daemon-reload",
        "  systemctl --user enable --now aios-nightly.timer",
        "  loginctl enable-linger        # so that it runs while you are logged out",
    ];
    Plan {
        pieces: vec![
            Piece::text("aios-nightly.service", service(job)),
            Piece::text("aios-nightly.timer", TIMER),
        ],
        next: next.map(str::to_owned).to_vec(),
    }
}

fn service(job: &Job) -> String {
    let words = std::iter::once(&job.program).chain(&job.args);
    let command = words.map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
    // A path here is not split into words, so only specifiers need care.
    let directory = job.directory.replace('%', "%%");
    format!(
        "\
[Unit]
Description=AIOS nightly maintenance
After=network-online.target

[Service]
Type=oneshot
WorkingDirectory={directory}
ExecStart={command}
TimeoutStartSec=4h
Nice=10
IOSchedulingClass=idle
NoNewPrivileges=true
PrivateTmp=true
"
    )
}

/// `Persistent` runs a job at once that was missed while the machine was off.
const TIMER: &str = "\
[Unit]
Description=AIOS nightly maintenance, each day at 02:00 local time

[Timer]
OnCalendar=*-*-* 02:00:00
Persistent=true
AccuracySec=1min

[Install]
WantedBy=timers.target
";

/// One word of a command line: `%` begins a specifier and `$` a variable, also between quotes.
fn quoted(word: &str) -> String {
    let mut text = String::from("\"");
    for c in word.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            '%' | '$' => text.extend([c, c]),
            _ => text.push(c),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::super::tests::awkward;
    use super::*;

    #[test]
    fn a_service_names_its_words_exactly() {
        let text = service(&awkward());
        let line = text.lines().find(|line| line.starts_with("ExecStart=")).unwrap();
        assert_eq!(
            line,
            r#"ExecStart="/opt/a & b/aios" "nightly" "--data-dir" "/srv/50%% \"it's\" $$HOME\\""#
        );
        assert!(text.contains("\nWorkingDirectory=/srv/my app\n"), "{text}");
    }
}
