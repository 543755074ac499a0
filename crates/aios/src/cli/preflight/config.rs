//! The configuration can be used.

use super::{Checked, Fault, Subject};

pub(super) fn check(subject: &Subject) -> Checked {
    let config = subject.loaded.as_ref().map_err(|error| {
        let n = error.problems.len();
        let first = error.problems.first().map_or("", |problem| problem.message.as_str());
        let hint = "`aios config check` shows every problem with its hint";
        Fault::new(format!("problems: {n}; the first: {first}"), hint)
    })?;
    if let Some(error) = subject.running()?.and_then(|it| it.status.config.reload_error.as_ref()) {
        let detail = format!("the running server has not taken the last change over: {error}");
        return Err(Fault::new(detail, "mend the file; the server takes it over by itself"));
    }
    let file = config
        .file
        .as_ref()
        .map_or("no file, all defaults".to_owned(), |file| file.display().to_string());
    Ok(format!("{file}, hash {}, {} warnings", config.hash, config.warnings.len()))
}
