//! One connection, driven by the request that uses it.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::{AsyncRead as _, AsyncReadExt as _, AsyncWrite as _, ReadBuf};

use super::message::Message;
use super::reply::{NotHttp, ReplyHead, ReplyReader};
use super::stream::Stream;

/// How long an idle connection is kept: shorter than what servers allow (llama.cpp 5 s is the
/// exception; such a connection is found closed and replaced).
pub(super) const IDLE_FOR: Duration = Duration::from_secs(60);
/// Room that is made for what is read next: for most replies it is enough.
const READ_BYTES: usize = 8 * 1024;
/// The same, where more came than that.
const READ_BYTES_MAX: usize = 64 * 1024;

/// A connection with what was read from it.
#[derive(Debug)]
pub(crate) struct Link {
    stream: Stream,
    reader: ReplyReader,
    read_bytes: usize,
    /// The request that is on its way out.
    sending: Option<Message>,
    /// Nothing more can be sent.
    is_deaf: bool,
    /// When it last became idle.
    pub(super) idle_since: Instant,
    /// It has carried a request before, so it may have been closed unnoticed.
    pub(super) is_used: bool,
}

/// Why a connection carried no reply, or not all of one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    /// Nothing was sent: the request can be sent elsewhere.
    #[error("the connection was closed before anything was sent")]
    Unsent(Box<Message>),
    #[error("the connection broke: {0}")]
    Lost(io::Error),
    #[error(transparent)]
    NotHttp(#[from] NotHttp),
}

impl Link {
    /// Over a stream that was just opened.
    pub(crate) fn new(stream: Stream) -> Self {
        Self {
            stream,
            reader: ReplyReader::default(),
            read_bytes: READ_BYTES,
            sending: None,
            is_deaf: false,
            idle_since: Instant::now(),
            is_used: false,
        }
    }

    /// Sends a request and waits for the head of its reply.
    pub(crate) async fn send(&mut self, message: Message) -> Result<ReplyHead, LinkError> {
        self.is_used = true;
        self.sending = Some(message);
        std::future::poll_fn(|cx| self.poll_exchange(cx)).await
    }

    /// A server may answer before it has read everything, so both go on at once; and where it no longer
    /// reads, what it said before still counts.
    fn poll_exchange(&mut self, cx: &mut Context<'_>) -> Poll<Result<ReplyHead, LinkError>> {
        let failed = self.send_some(cx).err();
        if self.is_deaf
            && let Some(message) = self.sending.take_if(|message| message.is_unsent())
        {
            return Poll::Ready(Err(LinkError::Unsent(Box::new(message))));
        }
        loop {
            if let Some(head) = self.reader.head()? {
                return Poll::Ready(Ok(head));
            }
            match self.poll_read(cx) {
                Poll::Ready(Ok(1..)) => {}
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(LinkError::eof())),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(LinkError::Lost(error))),
                Poll::Pending => {
                    return failed
                        .map_or(Poll::Pending, |error| Poll::Ready(Err(LinkError::Lost(error))));
                }
            }
        }
    }

    /// Sends as much as can be sent now.
    fn send_some(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let Some(message) = self.sending.as_mut().filter(|_| !self.is_deaf) else { return Ok(()) };
        match poll_write(&mut self.stream, message, cx) {
            Poll::Pending => {}
            Poll::Ready(Ok(())) => self.sending = None,
            Poll::Ready(Err(error)) => {
                self.is_deaf = true;
                return Err(error);
            }
        }
        Ok(())
    }

    /// Who waits for a model needs no memory for what it will say.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        ready!(self.stream.poll_readable(cx))?;
        let buffer = self.reader.buffer();
        buffer.reserve(self.read_bytes);
        let n = ready!(pin!(self.stream.read_buf(buffer)).poll(cx))?;
        if n >= self.read_bytes {
            self.read_bytes = (2 * self.read_bytes).min(READ_BYTES_MAX);
        }
        Poll::Ready(Ok(n))
    }

    /// The next piece of a reply's body; none after its end.
    pub(crate) fn poll_data(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, LinkError>>> {
        if self.sending.is_some() {
            // That the server no longer listens is no reason not to listen to it.
            drop(self.send_some(cx));
        }
        loop {
            match self.reader.data() {
                Ok(Some(data)) => return Poll::Ready(Some(Ok(data))),
                Ok(None) if self.reader.is_ended() => return Poll::Ready(None),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Some(Err(error.into()))),
            }
            match ready!(self.poll_read(cx)) {
                Ok(1..) => {}
                Ok(0) if self.reader.closed() => return Poll::Ready(None),
                Ok(0) => return Poll::Ready(Some(Err(LinkError::eof()))),
                Err(error) => return Poll::Ready(Some(Err(LinkError::Lost(error)))),
            }
        }
    }

    /// The exact length of the body that is still to come, if it is known.
    pub(crate) fn length(&self) -> Option<u64> {
        self.reader.length()
    }

    /// Whether another request can be sent: the last reply was read to its end and the server has not
    /// hung up, as far as can be told without asking it.
    pub(crate) fn is_ready(&mut self) -> bool {
        self.sending.is_none() && self.reader.is_reusable() && self.is_silent()
    }

    /// A server that says something unasked has hung up, or is out of step.
    fn is_silent(&mut self) -> bool {
        let mut byte = [0];
        match &mut self.stream {
            // Asked without the task's budget: where that is used up, a dead connection would seem silent.
            Stream::Plain(stream) => {
                let read = stream.try_read(&mut byte);
                read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
            }
            stream @ Stream::Tls(_) => {
                let mut buffer = ReadBuf::new(&mut byte);
                let mut cx = Context::from_waker(Waker::noop());
                Pin::new(stream).poll_read(&mut cx, &mut buffer).is_pending()
            }
        }
    }

    /// It has been idle for so long that the server may close it at any moment.
    pub(crate) fn is_old(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.idle_since) >= IDLE_FOR
    }

    /// Lets go of memory while it is idle.
    pub(crate) fn rest(&mut self) {
        self.reader.rest();
        self.read_bytes = READ_BYTES;
    }
}

impl LinkError {
    fn eof() -> Self {
        Self::Lost(io::ErrorKind::UnexpectedEof.into())
    }
}

fn poll_write(
    stream: &mut Stream,
    message: &mut Message,
    cx: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    while !message.is_sent() {
        let n = ready!(Pin::new(&mut *stream).poll_write_vectored(cx, &message.next()))?;
        if n == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        message.advance(n);
    }
    Pin::new(stream).poll_flush(cx)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::{TcpListener, TcpStream};

    use super::super::HeadStart;
    use super::*;
    use crate::body::Pieces;

    /// More than the buffers of two sockets hold.
    const LARGE: usize = 32 * 1024 * 1024;

    async fn pair() -> (Link, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ours = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (Link::new(Stream::Plain(ours)), listener.accept().await.unwrap().0)
    }

    fn message(n_bytes: usize) -> Message {
        let body = Pieces::from(Bytes::from(vec![b'x'; n_bytes]));
        HeadStart::new(&Method::POST, "/", &HeaderMap::new()).message(&HeaderMap::new(), body)
    }

    async fn body(link: &mut Link) -> Result<Vec<u8>, LinkError> {
        let mut bytes = Vec::new();
        while let Some(piece) = std::future::poll_fn(|cx| link.poll_data(cx)).await {
            bytes.extend_from_slice(&piece?);
        }
        Ok(bytes)
    }

    async fn read_head(server: &mut TcpStream) -> usize {
        let mut seen = Vec::new();
        while !seen.windows(4).any(|four| four == b"\r\n\r\n") {
            server.read_buf(&mut seen).await.unwrap();
        }
        seen.len()
    }

    #[tokio::test]
    async fn one_request_after_the_other() {
        let (mut link, mut server) = pair().await;
        for n in 0..3 {
            let (sent, ()) = tokio::join!(link.send(message(n)), async {
                read_head(&mut server).await;
                server.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
            });
            assert_eq!(sent.unwrap().status, 200);
            assert_eq!((link.length(), body(&mut link).await.unwrap()), (Some(2), b"ok".to_vec()));
            assert!(link.is_ready());
            link.rest();
        }
    }

    #[tokio::test]
    async fn an_answer_that_comes_before_the_request_is_read_counts() {
        let (mut link, mut server) = pair().await;
        let (sent, ()) = tokio::join!(link.send(message(LARGE)), async {
            read_head(&mut server).await;
            server.write_all(b"HTTP/1.1 413 Large\r\ncontent-length: 2\r\n\r\nno").await.unwrap();
        });
        assert_eq!(sent.unwrap().status, 413);
        assert_eq!(body(&mut link).await.unwrap(), b"no");
        assert!(!link.is_ready(), "half a request is in the way");
    }

    #[tokio::test]
    async fn the_rest_of_a_request_goes_out_while_its_answer_comes() {
        let (mut link, mut server) = pair().await;
        let answered = async {
            assert_eq!(link.send(message(LARGE)).await.unwrap().status, 200);
            body(&mut link).await.unwrap()
        };
        let (bytes, n_read) = tokio::join!(answered, async {
            let mut n = read_head(&mut server).await;
            server.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n").await.unwrap();
            let mut room = vec![0; 1024 * 1024];
            while n < LARGE {
                n += server.read(&mut room).await.unwrap();
            }
            server.write_all(b"done").await.unwrap();
            n
        });
        assert_eq!(bytes, b"done");
        assert!(n_read > LARGE);
        assert!(link.is_ready());
    }

    #[tokio::test]
    async fn a_server_that_hung_up_or_speaks_unasked_is_not_ready() {
        for unasked in [b"".as_slice(), b"HTTP/1.1 408 Timeout\r\n\r\n"] {
            let (mut link, mut server) = pair().await;
            assert!(link.is_ready());
            server.write_all(unasked).await.unwrap();
            drop(server);
            let Stream::Plain(stream) = &link.stream else { panic!("it is plain") };
            stream.readable().await.unwrap();
            assert!(!link.is_ready());
        }
    }

    #[tokio::test]
    async fn a_reply_that_breaks_off_is_lost() {
        for reply in [
            "",
            "HTTP/1.1 200 OK\r\ncontent-le",
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
        ] {
            let (mut link, mut server) = pair().await;
            let answered = async {
                link.send(message(1)).await?;
                body(&mut link).await
            };
            let (answered, ()) = tokio::join!(answered, async {
                read_head(&mut server).await;
                server.write_all(reply.as_bytes()).await.unwrap();
                drop(server);
            });
            assert!(matches!(answered, Err(LinkError::Lost(_))), "{reply:?}: {answered:?}");
        }
    }
}
