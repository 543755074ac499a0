//! A model server that does exactly what its script says.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;

use super::soon;

/// A scripted model server.
pub(crate) struct Upstream {
    address: SocketAddr,
    seen: watch::Sender<Seen>,
    /// Holds the port while nobody listens on it.
    closed: Option<TcpSocket>,
}

/// One step of a script. After the last one the connection is ready for another request.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Sends these bytes, in one write.
    Send(Bytes),
    /// Waits until the gate is open.
    Hold(Gate),
    /// Waits so long: only where the time itself is what is tested.
    Pause(Duration),
    /// Waits until the peer hangs up, and notes that it did.
    AwaitHangUp,
    /// Closes the connection.
    Close,
    /// Breaks the connection with a reset.
    Reset,
}

/// Opened by a test when the script is to go on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gate(watch::Sender<bool>);

/// A request as it was received.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) body: Vec<u8>,
}

#[derive(Debug, Default)]
struct Seen {
    requests: Vec<Received>,
    n_hang_ups: usize,
}

type Script = dyn Fn(&Received) -> Vec<Act> + Send + Sync;

impl Act {
    pub(crate) fn send(text: impl AsRef<[u8]>) -> Self {
        Self::Send(Bytes::copy_from_slice(text.as_ref()))
    }
}

impl Gate {
    pub(crate) fn open(&self) {
        self.0.send_replace(true);
    }

    async fn opened(&self) {
        self.0.subscribe().wait_for(|open| *open).await.unwrap();
    }
}

impl Received {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn has(&self, text: &str) -> bool {
        self.text().contains(text)
    }
}

impl Upstream {
    /// Answers each request by its script.
    pub(crate) async fn start(
        script: impl Fn(&Received) -> Vec<Act> + Send + Sync + 'static,
    ) -> Self {
        let mut upstream = Self::refusing();
        upstream.listen(script);
        upstream
    }

    /// Answers every request in the same way.
    pub(crate) async fn always(acts: Vec<Act>) -> Self {
        Self::start(move |_| acts.clone()).await
    }

    /// Refuses connections. The port stays taken, so that nobody else answers there.
    pub(crate) fn refusing() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let address = socket.local_addr().unwrap();
        Self { address, seen: watch::Sender::new(Seen::default()), closed: Some(socket) }
    }

    /// Begins to answer.
    pub(crate) fn listen(
        &mut self,
        script: impl Fn(&Received) -> Vec<Act> + Send + Sync + 'static,
    ) {
        let listener = self.closed.take().unwrap().listen(1024).unwrap();
        tokio::spawn(accept(listener, Arc::new(script), self.seen.clone()));
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its base URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Waits for `n` requests.
    pub(crate) async fn received(&self, n: usize) -> Vec<Received> {
        let mut seen = self.seen.subscribe();
        let what = format!("{n} requests at the model server");
        let seen = soon(&what, seen.wait_for(|seen| seen.requests.len() >= n)).await.unwrap();
        seen.requests.clone()
    }

    pub(crate) fn n_received(&self) -> usize {
        self.seen.borrow().requests.len()
    }

    /// Waits until `n` connections were hung up on.
    pub(crate) async fn hung_up(&self, n: usize) {
        let mut seen = self.seen.subscribe();
        soon("the gateway's hang-up", seen.wait_for(|seen| seen.n_hang_ups >= n)).await.unwrap();
    }
}

async fn accept(listener: TcpListener, script: Arc<Script>, seen: watch::Sender<Seen>) {
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).unwrap();
        tokio::spawn(serve(stream, Arc::clone(&script), seen.clone()));
    }
}

async fn serve(mut stream: TcpStream, script: Arc<Script>, seen: watch::Sender<Seen>) {
    let mut pending = Vec::new();
    while let Some(request) = receive(&mut stream, &mut pending).await {
        let acts = script(&request);
        seen.send_modify(|seen| seen.requests.push(request));
        for act in acts {
            if !perform(act, &mut stream, &seen).await {
                return;
            }
        }
    }
}

/// False when the connection is at its end.
async fn perform(act: Act, stream: &mut TcpStream, seen: &watch::Sender<Seen>) -> bool {
    match act {
        Act::Send(bytes) => return stream.write_all(&bytes).await.is_ok(),
        Act::Hold(gate) => gate.opened().await,
        Act::Pause(pause) => tokio::time::sleep(pause).await,
        Act::AwaitHangUp => {
            while matches!(stream.read(&mut [0; 1024]).await, Ok(1..)) {}
            seen.send_modify(|seen| seen.n_hang_ups += 1);
            return false;
        }
        Act::Close => return false,
        Act::Reset => {
            stream.set_zero_linger().unwrap();
            return false;
        }
    }
    true
}

/// Reads one request; `None` when the peer is gone.
async fn receive(stream: &mut TcpStream, pending: &mut Vec<u8>) -> Option<Received> {
    let mut head_end = None;
    loop {
        head_end = head_end.or_else(|| find(pending, b"\r\n\r\n").map(|at| at + 4));
        if let Some(at) = head_end {
            let head = String::from_utf8(pending[..at].to_vec()).unwrap();
            let end = at + content_length(&head);
            if pending.len() >= end {
                let body = pending[at..end].to_vec();
                pending.drain(..end);
                return Some(Received { body });
            }
        }
        if !matches!(stream.read_buf(pending).await, Ok(1..)) {
            return None;
        }
    }
}

fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).position(|window| window == mark)
}

fn content_length(head: &str) -> usize {
    let head = head.to_ascii_lowercase();
    let value = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    value.map_or(0, |value| value.trim().parse().unwrap())
}
