//! Work on a body that is so large that others would notice.
//!
//! Most bodies are read in microseconds. One of 32 MiB takes a tenth of a second and more, and a worker that is at it
//! serves nobody else: streams that it had under way would stand still. So the worker hands what else it has
//! to do to another thread first. A runtime of one thread has no other, and one processor would not be
//! faster with two.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Bodies up to so many bytes are worked on where they are: handing over costs more than they do.
const LIGHT_MAX: usize = 64 * 1024;

/// Does the work on a body of `n_bytes`.
pub(super) fn on<T>(n_bytes: usize, work: impl FnOnce() -> T) -> T {
    if n_bytes <= LIGHT_MAX || !has_other_workers() {
        return work();
    }
    tokio::task::block_in_place(work)
}

fn has_other_workers() -> bool {
    Handle::try_current()
        .is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    #[test]
    fn while_a_large_body_is_worked_on_the_worker_serves_others() {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).build().unwrap();
        let (turn, had) = channel();
        // Both are tasks of the one worker; the work is done when the other task had its turn, and fails
        // after half a minute where it never has.
        let work = runtime.spawn(async move {
            let other = tokio::spawn(async move { turn.send(()) });
            let had = on(LIGHT_MAX + 1, || had.recv_timeout(Duration::from_secs(30)));
            (had, other.await.is_ok())
        });
        assert_eq!(runtime.block_on(work).unwrap(), (Ok(()), true));
    }

    #[tokio::test]
    async fn a_runtime_of_one_thread_does_it_itself() {
        assert_eq!(on(LIGHT_MAX + 1, || 7), 7);
    }

    #[test]
    fn outside_of_any_runtime_it_is_done_too() {
        assert_eq!(on(LIGHT_MAX + 1, || 7), 7);
    }
}
