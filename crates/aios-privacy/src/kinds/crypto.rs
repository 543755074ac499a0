//! Addresses of crypto-currencies: who pays whom is public, so an address names a person.

mod btc;
mod eth;

pub(crate) use btc::DETECTOR as BTC;
pub(crate) use eth::DETECTOR as ETH;

use crate::source::Source;

/// Whether an address may begin at `at`.
fn is_free_left(source: &Source<'_>, at: usize) -> bool {
    let is_escape = at.checked_sub(2).and_then(|i| source.byte(i)) == Some(b'\\');
    is_escape || !joins(source.before(at))
}

fn joins(byte: Option<u8>) -> bool {
    byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
