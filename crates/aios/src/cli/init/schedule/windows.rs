//! A task for Windows' Task Scheduler, in its schema 1.2.

use super::Job;
use crate::cli::init::Plan;
use crate::cli::init::piece::{Encoding, Piece};

pub(super) fn plan(job: &Job) -> Plan {
    let next = [
        "next: register the task, in the terminal of the user who runs AIOS:",
        "  schtasks /Create /TN \"AIOS Nightly Maintenance\" /XML aios-nightly.xml",
        "  schtasks /Run /TN \"AIOS Nightly Maintenance\"        (to try it at once)",
        "it runs while that user is logged on; Task Scheduler's settings of the task change that",
    ];
    // Editors and tools of Windows want its line ends.
    let text = task(job).replace('\n', "\r\n");
    let piece = Piece { encoding: Encoding::Utf16, ..Piece::text("aios-nightly.xml", text) };
    Plan { pieces: vec![piece], next: next.map(str::to_owned).to_vec() }
}

fn task(job: &Job) -> String {
    let arguments = job.args.iter().map(|arg| quoted(arg)).collect::<Vec<_>>().join(" ");
    let (program, arguments, directory) =
        (escaped(&job.program), escaped(&arguments), escaped(&job.directory));
    // `StartWhenAvailable` makes up for a night when the machine was off.
    format!(
        r#"<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>AIOS nightly maintenance, each day at 02:00 local time</Description>
    <URI>\AIOS Nightly Maintenance</URI>
  </RegistrationInfo>
  <Triggers>
    <CalendarTrigger>
      <StartBoundary>2026-01-01T02:00:00</StartBoundary>
      <Enabled>true</Enabled>
      <ScheduleByDay>
        <DaysInterval>1</DaysInterval>
      </ScheduleByDay>
    </CalendarTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <Enabled>true</Enabled>
    <ExecutionTimeLimit>PT4H</ExecutionTimeLimit>
    <Priority>7</Priority>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{program}</Command>
      <Arguments>{arguments}</Arguments>
      <WorkingDirectory>{directory}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
"#
    )
}

/// One word as `CommandLineToArgvW` takes it apart: backslashes count only before a quote.
fn quoted(word: &str) -> String {
    if !word.is_empty() && !word.contains([' ', '\t', '"']) {
        return word.to_owned();
    }
    let mut text = String::from("\"");
    let mut n_backslashes = 0;
    for c in word.chars() {
        match c {
            '\\' => n_backslashes += 1,
            '"' => {
                text.push_str(&"\\".repeat(n_backslashes + 1));
                n_backslashes = 0;
            }
            _ => n_backslashes = 0,
        }
        text.push(c);
    }
    text.push_str(&"\\".repeat(n_backslashes));
    text.push('"');
    text
}

/// Text between two tags.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::super::tests::awkward;
    use super::*;

    #[test]
    fn words_are_quoted_as_windows_reads_them() {
        let check = |word: &str, expect: &str| assert_eq!(quoted(word), expect);
        check(r"C:\data", r"C:\data");
        check(r"C:\my data\", r#""C:\my data\\""#);
        check(r#"a\" b"#, r#""a\\\" b""#);
        check("", r#""""#);
    }

    #[test]
    fn a_task_is_xml_whatever_the_paths_are() {
        let text = task(&awkward());
        assert!(text.contains("<Command>/opt/a &amp; b/aios</Command>"), "{text}");
        let expect = r#"<Arguments>nightly --data-dir "/srv/50% \"it's\" $HOME\\"</Arguments>"#;
        assert!(text.contains(expect), "{text}");
    }
}
