//! Panics: said in the log and counted, whoever catches them.

use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many there were in this process since they are watched.
static SEEN: AtomicU64 = AtomicU64::new(0);

/// From now on each panic of this process stands in its log as an error and is counted; what it says itself goes to stderr
/// as ever.
pub fn watch_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let as_ever = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            SEEN.fetch_add(1, Ordering::Relaxed);
            let at = info.location().map(ToString::to_string).unwrap_or_default();
            let thread = std::thread::current().name().unwrap_or_default().to_owned();
            tracing::error!(at, thread, "something has panicked; this is a fault of AIOS");
            as_ever(info);
        }));
    });
}

/// How many there were.
pub(crate) fn n_panics() -> u64 {
    SEEN.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_that_is_caught_is_counted() {
        watch_panics();
        let before = n_panics();
        assert!(panic::catch_unwind(|| panic!("on purpose")).is_err());
        // Others may panic meanwhile.
        assert!(n_panics() > before);
    }
}
