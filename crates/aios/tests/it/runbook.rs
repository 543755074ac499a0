//! `docs/runbook.md` does what it says: its blocks are run in their order, in one directory that is empty at first.
//!
//! A block begins with its language and at most one mark: `server` (started, and left running until the next one),
//! `differs: WHY` (run; the other shell's block says something else) or `by-hand: WHY` (not run). A block of TOML
//! names the file that it is.

use std::process::Stdio;

use crate::program::{Place, Ran, Running, free_address, path_with_program};

const RUNBOOK: &str = include_str!("../../../../docs/runbook.md");

/// The shell of this system, and the other one.
const SHELLS: [&str; 2] = if cfg!(windows) { ["powershell", "sh"] } else { ["sh", "powershell"] };

/// Stands between the outputs of two commands.
const END: &str = "=== ended with ";

/// A block of the runbook.
#[derive(Debug)]
struct Block {
    /// Its first line in the runbook.
    line: usize,
    language: &'static str,
    mark: Mark,
    text: String,
}

#[derive(Debug, PartialEq, Eq)]
enum Mark {
    Run,
    Server,
    Differs,
    ByHand,
    File(&'static str),
}

/// A command, and what the runbook says of it.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    command: String,
    prints: Option<String>,
    exits: i32,
}

#[test]
fn the_runbook_can_be_followed_from_an_empty_directory() {
    let (api, admin) = (free_address(), free_address());
    // What the page says of speed holds of a machine of one's own: here models take their time, and what others do on the
    // machine makes them no regression. Nor does a night fall while it is read.
    let place = Place::new()
        .unhurried()
        .env("AIOS_NIGHTLY__ENABLED", "false")
        .env("AIOS_SERVER__LISTEN", &api)
        .env("AIOS_SERVER__ADMIN_LISTEN", &admin)
        // What was answered is in the log, so that the next command finds it.
        .env("AIOS_EVENTS__SYNC", "always");
    let here = |text: &str| {
        let text = text.replace("127.0.0.1:8500", &api).replace("127.0.0.1:8501", &admin);
        text.replace("--threshold 0.25", "--threshold 10")
            .replace("?instant", "?ttft_ms=50&tps=1000000")
    };
    let (mut server, mut n_steps) = (None, 0);
    for block in blocks().iter().filter(|block| block.language != SHELLS[1]) {
        match block.mark {
            Mark::File(name) => place.write(name, &here(&block.text)),
            Mark::Server => {
                // One data directory has one owner.
                drop(server.take());
                server = Some(serve(&place, block));
            }
            Mark::Run | Mark::Differs => {
                let steps = steps(&here(&block.text));
                n_steps += steps.len();
                run(&place, block, &steps);
            }
            Mark::ByHand => {}
        }
    }
    assert!(n_steps > 60, "only {n_steps} commands were run");
}

#[test]
fn both_shells_are_told_the_same() {
    let blocks = blocks();
    let shells: Vec<_> =
        blocks.iter().filter(|block| !matches!(block.mark, Mark::File(_))).collect();
    assert!(shells.len() > 50, "{}", shells.len());
    for pair in shells.chunks(2) {
        let [sh, powershell] = pair else { panic!("{pair:?} has no twin") };
        assert_eq!((sh.language, powershell.language), ("sh", "powershell"), "line {}", sh.line);
        assert_eq!(sh.mark, powershell.mark, "line {}", sh.line);
        if matches!(sh.mark, Mark::Differs | Mark::ByHand) {
            continue;
        }
        let of_aios = |block: &Block| -> Vec<Step> {
            let steps = steps(&block.text.replace('\\', "/").replace("/\n", "\\\n"));
            steps.into_iter().filter(|step| step.command.starts_with("aios ")).collect()
        };
        assert_eq!(of_aios(sh), of_aios(powershell), "line {}", sh.line);
    }
}

/// All blocks. One whose beginning is not understood fails the test, so that none is passed over.
fn blocks() -> Vec<Block> {
    let mut lines = RUNBOOK.lines().enumerate();
    let mut blocks = Vec::new();
    while let Some((at, line)) = lines.next() {
        let Some(head) = line.strip_prefix("```") else {
            assert!(!line.trim_start().starts_with("```"), "line {}: {line}", at + 1);
            continue;
        };
        let (language, mark) = head.split_once(' ').unwrap_or((head, ""));
        let text: Vec<&str> =
            lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
        let mark = mark_of(language, mark).unwrap_or_else(|| panic!("line {}: {line}", at + 1));
        blocks.push(Block { line: at + 1, language, mark, text: text.join("\n") + "\n" });
    }
    blocks
}

fn mark_of(language: &'static str, mark: &'static str) -> Option<Mark> {
    let says_why = |why: &str| why.split_whitespace().count() > 2;
    match (language, mark.split_once(": ")) {
        ("toml", None) if !mark.is_empty() => Some(Mark::File(mark)),
        ("sh" | "powershell", None) if mark.is_empty() => Some(Mark::Run),
        ("sh" | "powershell", None) if mark == "server" => Some(Mark::Server),
        ("sh" | "powershell", Some(("differs", why))) if says_why(why) => Some(Mark::Differs),
        ("sh" | "powershell", Some(("by-hand", why))) if says_why(why) => Some(Mark::ByHand),
        _ => None,
    }
}

fn steps(text: &str) -> Vec<Step> {
    // What is continued on the next line is one command.
    let joined = text.replace("\\\n", "").replace("`\n", "");
    joined.lines().filter(|line| !line.is_empty()).map(step).collect()
}

fn step(line: &str) -> Step {
    let mut parts = line.split("  # ");
    let command = parts.next().unwrap_or_default();
    let mut step = Step {
        command: command.split_whitespace().collect::<Vec<_>>().join(" "),
        prints: None,
        exits: 0,
    };
    for said in parts {
        match said.split_once(' ') {
            Some(("prints", text)) => step.prints = Some(text.to_owned()),
            Some(("exits", code)) => step.exits = code.parse().unwrap(),
            _ => panic!("not understood: # {said}"),
        }
    }
    step
}

/// Runs a block's commands in one shell, so that what one sets the next one has, and checks each.
fn run(place: &Place, block: &Block, steps: &[Step]) {
    let script: String = steps.iter().map(|step| wrapped(&step.command)).collect();
    let mut shell = place.prepared(SHELLS[0]);
    if cfg!(windows) {
        shell.args(["-NoProfile", "-Command", &script]);
    } else {
        shell.args(["-c", &script]);
    }
    shell.env("PATH", path_with_program());
    let ran = Ran::of(shell.stdin(Stdio::null()).output().unwrap());
    // Both streams of all commands: a hint to the eye where one is not as it should be.
    let outputs: Vec<&str> = ran.stdout.split(END).collect();
    assert_eq!(outputs.len(), steps.len() + 1, "line {}: {}{}", block.line, ran.stdout, ran.stderr);
    for (n, step) in steps.iter().enumerate() {
        // After the first, the code of the one before stands on the first line.
        let printed = if n == 0 { outputs[0] } else { outputs[n].split_once('\n').unwrap().1 };
        let code = outputs[n + 1].lines().next().unwrap();
        let place = format!("line {}, `{}`:\n{printed}", block.line, step.command);
        assert_eq!(code.trim(), step.exits.to_string(), "{place}");
        if let Some(text) = &step.prints {
            assert!(printed.contains(text), "does not print {text:?}: {place}");
        }
    }
}

/// The command with both of its streams in one, and its code behind it.
fn wrapped(command: &str) -> String {
    if cfg!(windows) {
        format!("$LASTEXITCODE = 0\n. {{ {command} }} 2>&1\n\"{END}$LASTEXITCODE\"\n")
    } else {
        format!("{{ {command}\n}} 2>&1\nprintf '%s%s\\n' '{END}' $?\n")
    }
}

/// Starts the block's server; it is ready on return.
fn serve(place: &Place, block: &Block) -> Running {
    let mut command = place.prepared(env!("CARGO_BIN_EXE_aios"));
    for step in steps(&block.text) {
        let said = step.command.as_str();
        let set = said.strip_prefix("export ").or(said.strip_prefix("$env:"));
        if let Some((name, value)) = set.and_then(|set| set.split_once('=')) {
            command.env(name.trim(), value.trim().trim_matches('"'));
        } else if let Some(args) = said.strip_prefix("aios ") {
            command.args(args.split(' '));
        } else {
            // Each server starts without what was set for the one before.
            let is_unset = said.starts_with("unset ") || said.starts_with("Remove-Item Env:");
            assert!(is_unset, "line {}: {said}", block.line);
        }
    }
    Running::start(&mut command, "sign in")
}
