//! Bytes that are read, as the system counts them.

use std::fs;

/// What work comes to, and what this process has read meanwhile, out of the page cache or not.
pub(crate) fn read_by<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let n_read = || -> u64 {
        let counts = fs::read_to_string("/proc/self/io").unwrap();
        counts.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap().parse().unwrap()
    };
    let before = n_read();
    let done = work();
    (done, n_read() - before)
}
