//! Ports for servers that have to know theirs before they start.
//!
//! A port that the system picks is ours for as long as it is held: once it is given back, the next connection that anybody
//! makes may get it. So these lie below those that systems pick from, and come in pairs: whoever listens at the odd one has
//! the even one below it, until the process ends.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Mutex, PoisonError};

/// The first pair. Linux picks from 32768 on, macOS and Windows from 49152 on.
const FIRST: u16 = 20_000;

const N_PAIRS: u16 = 6_000;

/// What stands for the pairs of this process.
static HELD: Mutex<Vec<TcpListener>> = Mutex::new(Vec::new());

/// An address on loopback at which nobody listens but whom this process tells to.
pub(crate) fn claim() -> io::Result<SocketAddr> {
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    // Two processes that begin at different pairs seldom meet; where they do, the second passes over what the first has.
    let first = std::process::id().wrapping_mul(61) % u32::from(N_PAIRS);
    let pairs = (0..N_PAIRS).cycle().skip(first as usize).take(N_PAIRS.into());
    let listen = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    for port in pairs.map(|pair| FIRST + 2 * pair) {
        let Ok(holder) = listen(port + 1) else { continue };
        // Somebody who knows of no pairs may be there.
        if listen(port).is_ok() {
            held.push(holder);
            return Ok((Ipv4Addr::LOCALHOST, port).into());
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrNotAvailable, "all pairs of ports are taken"))
}
