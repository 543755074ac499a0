//! One keep-alive HTTP/1.1 connection that sends prepared bytes and reads just enough.
//!
//! A general client would cost more than the gateway under test, and the load shares its core with the
//! model server.

use std::net::SocketAddr;

use anyhow::{Result, bail};
use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::framing::{Head, Progress};
use crate::net;

/// Largest response head that is waited for, in bytes.
const HEAD_MAX: usize = 16 * 1024;
const READ_BUFFER: usize = 16 * 1024;

pub(crate) struct Connection {
    stream: TcpStream,
    buffer: BytesMut,
}

impl Connection {
    pub(crate) async fn open(to: SocketAddr) -> Result<Self> {
        let stream = net::quick(TcpStream::connect(to).await?)?;
        Ok(Self { stream, buffer: BytesMut::with_capacity(READ_BUFFER) })
    }

    /// Sends `request`; gives each piece of the answer's body to `on_payload` as it comes; returns the
    /// status once the answer is whole.
    pub(crate) async fn exchange(
        &mut self,
        request: &[u8],
        mut on_payload: impl FnMut(&[u8]),
    ) -> Result<u16> {
        self.stream.write_all(request).await?;
        let head = self.head().await?;
        let mut framing = head.framing;
        while framing.advance(&mut self.buffer, &mut on_payload)? == Progress::Partial {
            self.fill().await?;
        }
        Ok(head.status)
    }

    async fn head(&mut self) -> Result<Head> {
        loop {
            if let Some(head) = Head::take(&mut self.buffer)? {
                return Ok(head);
            }
            if self.buffer.len() > HEAD_MAX {
                bail!("the response's head is longer than {HEAD_MAX} bytes");
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> Result<()> {
        self.buffer.reserve(READ_BUFFER / 2);
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the connection was closed before the answer was whole");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_answer_in_one_read_leaves_the_buffer_empty() {
        let mut buffer = BytesMut::from(&b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"[..]);
        let head = Head::take(&mut buffer).unwrap().unwrap();
        let mut framing = head.framing;
        let mut body = Vec::new();
        let progress = framing.advance(&mut buffer, &mut |p: &[u8]| body.extend_from_slice(p));
        assert_eq!((progress.unwrap(), head.status), (Progress::Whole, 200));
        assert_eq!((body.as_slice(), buffer.is_empty()), (&b"ok"[..], true));
    }
}
