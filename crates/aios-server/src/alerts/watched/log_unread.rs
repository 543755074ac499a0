//! Lines of the window that objectives are judged by cannot be read.

use super::{Ground, Trouble, ticket};

pub(super) fn trouble(ground: &Ground<'_>) -> Option<Trouble> {
    let unread = &ground.seen?.check.unread;
    let detail = || format!("{unread}, so no objective is known to be kept");
    (!unread.is_none()).then(|| ticket("log_unread", detail()))
}
