//! What the pages say to type in PowerShell is what they say to type in a POSIX shell.
//!
//! The blocks of the runbook are run (see `runbook.rs`), on each system those of its own shell. Where there is no PowerShell
//! nothing can run the others. So each is read here as PowerShell reads it, as far as the pages use it, and is held against
//! the block before it: the same calls of `aios` in the same order, the same variables, addresses and JSON.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shell {
    Posix,
    PowerShell,
}

/// A block of a page that is meant to be typed.
#[derive(Debug)]
struct Block {
    place: String,
    shell: Shell,
    /// Both of a pair are marked: they are not the same, and say why.
    is_other: bool,
    text: String,
}

/// A word, and whether it stood in quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    text: String,
    is_quoted: bool,
}

/// What a block does, as far as both shells can say it.
#[derive(Debug, Default, PartialEq)]
struct Said {
    variables: Vec<(String, String)>,
    aios: Vec<Vec<String>>,
    addresses: Vec<String>,
    json: Vec<Value>,
}

#[test]
fn a_page_says_the_same_for_both_shells() {
    let (mut n_pairs, mut n_alone) = (0, 0);
    for page in pages() {
        let blocks = blocks(&page);
        for (n, block) in blocks.iter().enumerate() {
            let twin = blocks.get(n + 1).filter(|next| next.shell == Shell::PowerShell);
            match (block.shell, twin) {
                (Shell::Posix, Some(twin)) if !block.is_other => {
                    assert_eq!(said(block), said(twin), "{}", block.place);
                    n_pairs += 1;
                }
                (Shell::Posix, Some(_)) => {}
                (Shell::Posix, None) => {
                    let as_other = Block {
                        shell: Shell::PowerShell,
                        text: block.text.clone(),
                        place: block.place.clone(),
                        is_other: false,
                    };
                    assert_eq!(
                        faults(&as_other),
                        [] as [String; 0],
                        "{} needs a twin for PowerShell",
                        block.place
                    );
                    n_alone += 1;
                }
                (Shell::PowerShell, _) => {
                    let is_second = n > 0 && blocks[n - 1].shell == Shell::Posix;
                    assert!(is_second, "{} has no twin before it", block.place);
                    assert_eq!(faults(block), [] as [String; 0], "{}", block.place);
                }
            }
        }
    }
    assert!(n_pairs > 40 && n_alone > 3, "{n_pairs} pairs, {n_alone} alone");
}

fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let docs = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<_> =
        docs.filter(|path| path.extension().is_some_and(|it| it == "md")).collect();
    pages.sort();
    pages.push(root.join("README.md"));
    assert!(pages.len() > 10, "{pages:?}");
    pages
}

fn blocks(page: &Path) -> Vec<Block> {
    let text = fs::read_to_string(page).unwrap();
    let name = page.file_name().unwrap().to_string_lossy().into_owned();
    let mut lines = text.lines().enumerate();
    let mut blocks = Vec::new();
    while let Some((at, line)) = lines.next() {
        let Some(head) = line.trim_start().strip_prefix("```") else { continue };
        let body: Vec<_> =
            lines.by_ref().map(|(_, line)| line).take_while(|line| line.trim() != "```").collect();
        let (language, mark) = head.split_once(' ').unwrap_or((head, ""));
        let shell = match language {
            "sh" | "bash" => Shell::Posix,
            "powershell" => Shell::PowerShell,
            _ => continue,
        };
        let is_other = mark.starts_with("differs") || mark.starts_with("by-hand");
        let place = format!("{name}:{}", at + 1);
        blocks.push(Block { place, shell, is_other, text: body.join("\n") });
    }
    blocks
}

/// The commands of a block. An error says where a quote is not closed.
fn commands(text: &str, shell: Shell) -> Result<Vec<Vec<Word>>, String> {
    let goes_on = if shell == Shell::Posix { '\\' } else { '`' };
    let (mut all, mut command, mut word): (Vec<_>, Vec<Word>, Option<Word>) = Default::default();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let ends_command = matches!(c, '\n' | ';' | '|' | '&' | '{' | '}' | '(' | ')');
        match c {
            '\'' | '"' => {
                let word = word.get_or_insert(Word { text: String::new(), is_quoted: true });
                loop {
                    match chars.next() {
                        None => return Err(format!("a quote is not closed: {}", word.text)),
                        Some(end) if end == c => break,
                        Some(inner) => word.text.push(inner),
                    }
                }
            }
            _ if c == goes_on && chars.peek() == Some(&'\n') => drop(chars.next()),
            '#' if word.is_none() => {
                while chars.peek().is_some_and(|c| *c != '\n') {
                    chars.next();
                }
            }
            ' ' | '\t' => command.extend(word.take()),
            _ if ends_command => {
                command.extend(word.take());
                all.push(std::mem::take(&mut command));
            }
            _ => {
                let word = word.get_or_insert(Word { text: String::new(), is_quoted: false });
                word.text.push(c);
            }
        }
    }
    command.extend(word);
    all.push(command);
    all.retain(|command| !command.is_empty());
    Ok(all)
}

fn said(block: &Block) -> Said {
    let mut said = Said::default();
    for command in commands(&block.text, block.shell).unwrap() {
        let mut words = command.as_slice();
        while let Some((name, value, rest)) = assigned(words, block.shell) {
            said.variables.push((name, value));
            words = rest;
        }
        if words.first().is_some_and(|word| word.text == "aios") {
            said.aios.push(words[1..].iter().map(|word| plain_path(&word.text)).collect());
        }
        for word in words {
            let is_address = word.text.starts_with("http");
            said.addresses.extend(is_address.then(|| word.text.clone()));
            said.json.extend(json(word));
        }
    }
    said
}

/// A variable that is set at the beginning of these words, and the rest of them.
fn assigned(words: &[Word], shell: Shell) -> Option<(String, String, &[Word])> {
    match (shell, words) {
        (Shell::PowerShell, [name, sign, value, rest @ ..]) if sign.text == "=" => {
            Some((name.text.strip_prefix("$env:")?.to_owned(), value.text.clone(), rest))
        }
        (Shell::Posix, [export, rest @ ..]) if export.text == "export" => assigned(rest, shell),
        (Shell::Posix, [word, rest @ ..]) => {
            let (name, value) = word.text.split_once('=')?;
            let is_name = name.starts_with("AIOS_") || name == "SLACK_WEBHOOK_URL";
            is_name.then(|| (name.to_owned(), value.to_owned(), rest))
        }
        _ => None,
    }
}

/// A path as both systems write it, whatever stands for its root.
fn plain_path(word: &str) -> String {
    let path = word.replace('\\', "/");
    let path = path.strip_prefix("/mnt/").map(str::to_owned).unwrap_or(path);
    match path.split_once(":/") {
        Some((drive, rest)) if drive.len() == 1 => rest.to_owned(),
        _ => path,
    }
}

/// Arguments in JSON, and not the tables of PowerShell.
fn json(word: &Word) -> Option<Value> {
    let is_json = word.is_quoted && word.text.starts_with('{');
    is_json.then(|| serde_json::from_str(&word.text).unwrap_or_else(|_| panic!("{}", word.text)))
}

/// What PowerShell would not take, or take otherwise than it is meant.
fn faults(block: &Block) -> Vec<String> {
    let mut faults = Vec::new();
    let mut check = |is_fault: bool, what: &str| {
        if is_fault {
            faults.push(what.to_owned());
        }
    };
    for line in block.text.lines() {
        check(line.ends_with(" \\"), "a line goes on with `\\`, which is a backtick here");
        check(line.contains("` "), "a blank behind the backtick: the line does not go on");
        check(line.contains("&&") || line.contains("||"), "Windows' own PowerShell has no `&&`");
        check(line.contains("$("), "what another command prints is read in another way here");
        check(line.contains("\\\""), "a backslash does not escape a quote here");
        check(line.contains("/dev/null") || line.contains("<<"), "there is no such thing here");
    }
    match commands(&block.text, Shell::PowerShell) {
        Err(why) => check(true, &why),
        Ok(commands) => {
            for command in &commands {
                let program = command[0].text.as_str();
                let is_posix = ["export", "unset", "curl", "cp", "rm", "cat", "printf", "tail"];
                check(is_posix.contains(&program), "it is no command here, or another one");
                let sets =
                    program.split_once('=').is_some_and(|(name, _)| name == name.to_uppercase());
                check(sets && !program.starts_with('$'), "a variable is set by `$env:NAME = `");
                let is_native = ["aios", "cargo", "robocopy", "schtasks"].contains(&program);
                let has_quote = command.iter().any(|word| word.text.contains('"'));
                check(is_native && has_quote, "quotes in an argument do not reach a program");
                let is_bare = program.starts_with("$env:")
                    && command.get(2).is_none_or(|value| !value.is_quoted);
                check(is_bare, "what a variable is set to stands in quotes");
            }
        }
    }
    faults
}

#[test]
fn what_powershell_does_not_take_is_named() {
    let check = |text: &str, expect: &str| {
        let block = Block {
            place: String::new(),
            shell: Shell::PowerShell,
            is_other: false,
            text: text.into(),
        };
        let faults = faults(&block).join("; ");
        assert!(
            if expect.is_empty() { faults.is_empty() } else { faults.contains(expect) },
            "{text}: {faults}"
        );
    };
    check("aios slo check\naios golden compare `\n  --set a\\b.json", "");
    check("$env:AIOS_X = \"1\"; aios serve", "");
    check("Invoke-RestMethod http://x -Body '{\"a\": \"b\"}'", "");
    check("aios slo check \\\n  --json", "goes on with");
    check("aios golden compare ` \n  --set a", "a blank behind");
    check("aios logs verify && aios serve", "no `&&`");
    check("export AIOS_X=1", "no command here");
    check("AIOS_X=1 aios serve", "set by `$env:NAME = `");
    check("$env:AIOS_X = 1", "stands in quotes");
    check("aios memory add '{\"a\": 1}'", "do not reach");
    check("aios pii test 'it", "not closed");
    check("curl http://x", "no command here");
    check("echo $(aios status)", "another way");
}

#[test]
fn what_differs_between_the_shells_is_seen() {
    let said = |text: &str, shell| {
        self::said(&Block { place: String::new(), shell, is_other: false, text: text.into() })
    };
    let posix = |text| said(text, Shell::Posix);
    let power = |text| said(text, Shell::PowerShell);
    assert_eq!(
        posix("AIOS_X=1 aios serve \\\n  --data-dir a/b   # here"),
        power("$env:AIOS_X = \"1\"; aios serve `\n  --data-dir a\\b")
    );
    assert_eq!(posix("a && aios serve"), power("a; if ($LASTEXITCODE -eq 0) { aios serve }"));
    assert_ne!(posix("aios serve -n 1"), power("aios serve -n 2"));
    assert_ne!(posix("aios a\naios b"), power("aios b\naios a"));
    assert_ne!(posix("export AIOS_X=1"), power("$env:AIOS_X = \"2\""));
    assert_ne!(
        posix("curl http://x -d '{\"a\": 1}'"),
        power("Invoke-RestMethod http://x -Body '{\"a\": 2}'")
    );
}
