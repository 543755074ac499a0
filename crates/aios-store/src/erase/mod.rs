//! Erasure: what belongs to one conversation or person is found, removed from every store, and that
//! it is gone is proven by reading all of them.

mod key_use;
mod registry;
mod scan;
mod stores;

pub use key_use::KeyUse;
