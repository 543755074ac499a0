//! Panics of a run, on whichever of its threads, also those that the program catches.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, Once, PoisonError};

thread_local! {
    /// Whose run this thread works for.
    static WATCHED: RefCell<Option<Panics>> = const { RefCell::new(None) };
}

/// What the threads of a run have panicked with, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Panics(Arc<Mutex<Vec<String>>>);

/// A thread whose panics are noted, until this is dropped.
pub(crate) struct Watch {
    before: Option<Panics>,
}

impl Panics {
    /// Notes those of this thread from now on, in place of printing them.
    pub(crate) fn watch(&self) -> Watch {
        note_where_watched();
        Watch { before: WATCHED.replace(Some(self.clone())) }
    }

    /// The same for as long as the thread lives.
    pub(crate) fn watch_for_good(&self) {
        drop(WATCHED.replace(Some(self.clone())));
    }

    /// What the first one said, and where.
    pub(crate) fn first(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).first().cloned()
    }

    fn note(&self, said: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(said);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(WATCHED.replace(self.before.take()));
    }
}

/// Does something, and gives nothing if that panics.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    panic::catch_unwind(AssertUnwindSafe(work)).ok()
}

/// Other threads' panics are told as ever.
fn note_where_watched() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let as_ever = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let watched = WATCHED.try_with(|it| it.try_borrow().ok()?.clone()).ok().flatten();
            let Some(panics) = watched else { return as_ever(info) };
            let said = info.payload_as_str().unwrap_or("something that is no text");
            let place = info.location().map(|at| format!(" at {}:{}", at.file(), at.line()));
            panics.note(format!("{said}{}", place.unwrap_or_default()));
        }));
    });
}
