//! How long work goes, for whoever waits for it.

/// Is shown how long work goes.
pub trait Progress: Send + Sync {
    /// So much comes now: questions, bytes.
    fn begin(&self, n: u64);
    /// So much more of it is done.
    fn advance(&self, n: u64);
    /// That was all for now.
    fn end(&self);
}

/// Nobody looks.
impl Progress for () {
    fn begin(&self, _n: u64) {}
    fn advance(&self, _n: u64) {}
    fn end(&self) {}
}
