//! Fail points: places where a crash test ends the process.
//!
//! There is one before and one after each step that a crash may fall between: a sync, a rename, a
//! removal. Without the cargo feature `fail-points`, which only tests turn on, a point is nothing.

#[cfg(feature = "fail-points")]
mod armed {
    use std::collections::BTreeMap;
    use std::sync::{Mutex, PoisonError};

    /// The point that ends the process, and how many passes it lets by before.
    static ARMED: Mutex<Option<(String, usize)>> = Mutex::new(None);

    /// The points that were passed, and how often.
    static PASSED: Mutex<BTreeMap<&'static str, usize>> = Mutex::new(BTreeMap::new());

    /// Lets the process end, as if killed, when it has passed the point `n_before` times.
    pub fn arm(point: &str, n_before: usize) {
        *ARMED.lock().unwrap_or_else(PoisonError::into_inner) = Some((point.to_owned(), n_before));
    }

    /// The points that this process has passed.
    #[must_use]
    pub fn passed() -> Vec<&'static str> {
        passes().into_keys().collect()
    }

    /// The same, with how often each was.
    #[must_use]
    pub fn passes() -> BTreeMap<&'static str, usize> {
        PASSED.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn point(name: &'static str) {
        *PASSED.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default() += 1;
        let mut armed = ARMED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((point, n_before)) = &mut *armed
            && point == name
        {
            if *n_before == 0 {
                std::process::abort();
            }
            *n_before -= 1;
        }
    }
}

#[cfg(feature = "fail-points")]
pub(crate) use armed::point;
#[cfg(feature = "fail-points")]
pub use armed::{arm, passed, passes};

#[cfg(not(feature = "fail-points"))]
pub(crate) const fn point(_name: &'static str) {}
