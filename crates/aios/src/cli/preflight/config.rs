//! The configuration can be used.

use super::{Checked, Fault, Subject};

pub(super) fn check(subject: &Subject) -> Checked {
    let config = subject.loaded.as_ref().map_err(|error| {
        let n = error.problems.len();
        let first = error.problems.first().map_or("", |problem| problem.message.as_str());
        let hint = "`aios config check` shows every problem with its hint";
        Fault::new(format!("problems: {n}; the first: {first}"), hint)
    })?;
    let running = subject.running()?.map(|it| &it.status.config);
    if let Some(error) = running.and_then(|running| running.reload_error.as_ref()) {
        let detail = format!("the running server has not taken the last change over: {error}");
        return Err(Fault::new(detail, "mend the file; the server takes it over by itself"));
    }
    let file = config
        .file
        .as_ref()
        .map_or("no file, all defaults".to_owned(), |file| file.display().to_string());
    let waiting = running.filter(|running| !running.needs_restart.is_empty());
    let waiting = waiting.map_or_else(String::new, |running| {
        format!("; after a restart: {}", running.needs_restart.join(", "))
    });
    Ok(format!("{file}, hash {}, {} warnings{waiting}", config.hash, config.warnings.len()))
}
