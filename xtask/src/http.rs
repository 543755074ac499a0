//! Just enough HTTP/1.1 to ask a local server something.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::ports;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// A whole answer; the body as it came, chunk sizes included.
pub(crate) struct Reply {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Reply {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// `GET path`.
pub(crate) fn get(address: &str, path: &str) -> Result<Reply> {
    exchange(
        address,
        &format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"),
    )
}

/// `POST path` with a JSON body; `headers` are whole lines.
pub(crate) fn post(address: &str, path: &str, headers: &[String], body: &str) -> Result<Reply> {
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let length = body.len();
    exchange(
        address,
        &format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        ),
    )
}

fn exchange(address: &str, request: &str) -> Result<Reply> {
    let mut addresses =
        address.to_socket_addrs().with_context(|| format!("no address: {address}"))?;
    let to = addresses.next().with_context(|| format!("no address: {address}"))?;
    let mut stream = TcpStream::connect_timeout(&to, CONNECT_TIMEOUT)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(READ_TIMEOUT))?;
    stream.write_all(request.as_bytes())?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    parse(&String::from_utf8_lossy(&bytes)).context("the answer is not HTTP")
}

fn parse(text: &str) -> Option<Reply> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Reply { status, head: head.to_owned(), body: body.to_owned() })
}

/// An address on loopback for a server that we start.
pub(crate) fn free_address() -> Result<String> {
    Ok(ports::claim().context("failed to find a free port")?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_apart() {
        let reply = parse("HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\n\r\n{}").unwrap();
        assert_eq!(
            (reply.status, reply.header("retry-after"), reply.body.as_str()),
            (429, Some("7"), "{}")
        );
        assert!(parse("nonsense").is_none());
    }
}
