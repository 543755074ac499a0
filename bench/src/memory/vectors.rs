//! Vectors of texts by whoever serves `/v1/embeddings`.

use std::collections::{BTreeSet, HashMap};

use aios_memory::Quantized;
use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::task::spawn_local;

/// Texts in one request.
const BATCH: usize = 64;

/// Where vectors are asked for, without TLS: `http://127.0.0.1:8080/v1/embeddings`.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    address: String,
    path: String,
    model: String,
}

impl Endpoint {
    /// Of a URL, and the model that is asked for.
    ///
    /// # Errors
    /// When it is none, or of another scheme.
    pub(crate) fn new(url: &str, model: &str) -> Result<Self> {
        let uri: Uri = url.parse().with_context(|| format!("no URL: {url}"))?;
        ensure!(uri.scheme_str() == Some("http"), "only http:// is understood: {url}");
        let host = uri.host().with_context(|| format!("no host in {url}"))?;
        let address = format!("{host}:{}", uri.port_u16().unwrap_or(80));
        Ok(Self { address, path: uri.path().to_owned(), model: model.to_owned() })
    }
}

/// The vector of each text.
pub(super) fn vectors(
    endpoint: &Endpoint,
    texts: BTreeSet<String>,
) -> Result<HashMap<String, Quantized>> {
    let texts: Vec<String> = texts.into_iter().collect();
    crate::on_one_thread(async {
        let stream = TcpStream::connect(&endpoint.address).await;
        let stream =
            stream.with_context(|| format!("failed to connect to {}", endpoint.address))?;
        let (mut to, connection) = handshake(TokioIo::new(crate::net::quick(stream)?)).await?;
        spawn_local(async move { connection.await.ok() });
        let mut all = HashMap::with_capacity(texts.len());
        for some in texts.chunks(BATCH) {
            let vectors = ask(&mut to, endpoint, some).await?;
            all.extend(some.iter().cloned().zip(vectors));
        }
        Ok(all)
    })
}

async fn ask(
    to: &mut SendRequest<Full<Bytes>>,
    endpoint: &Endpoint,
    texts: &[String],
) -> Result<Vec<Quantized>> {
    let body = json!({ "model": endpoint.model, "input": texts });
    let request = Request::post(&endpoint.path)
        .header(HOST, &endpoint.address)
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body.to_string())))?;
    to.ready().await?;
    let reply = to.send_request(request).await?;
    let status = reply.status();
    let body = reply.into_body().collect().await?.to_bytes();
    ensure!(status.is_success(), "vectors: {status}: {}", String::from_utf8_lossy(&body));
    read(&body, texts.len())
}

/// What came, in the order in which it was asked for.
fn read(body: &[u8], n: usize) -> Result<Vec<Quantized>> {
    let mut data = serde_json::from_slice::<Reply>(body).context("no vectors")?.data;
    data.sort_by_key(|one| one.index);
    let is_each = data.iter().map(|one| one.index).eq(0..n);
    ensure!(is_each, "{n} texts were sent and {} vectors came", data.len());
    let vector = |one: Vector| Quantized::of(&one.embedding).context("a vector has no direction");
    data.into_iter().map(vector).collect()
}

#[derive(Deserialize)]
struct Reply {
    data: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    index: usize,
    embedding: Vec<f32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_gets_its_own_vector_or_none_counts() {
        let body = |indices: [usize; 2]| {
            let [a, b] = indices.map(|index| json!({ "index": index, "embedding": [1.0, index] }));
            json!({ "data": [a, b] }).to_string()
        };
        let of = |numbers: [f32; 2]| Quantized::of(&numbers).unwrap();
        let read = |body: String, n| read(body.as_bytes(), n);
        assert_eq!(read(body([1, 0]), 2).unwrap(), [of([1.0, 0.0]), of([1.0, 1.0])]);
        assert!(read(body([0, 0]), 2).is_err());
        assert!(read(body([0, 1]), 3).is_err());
    }

    #[test]
    fn an_endpoint_is_a_plain_url() {
        let one = Endpoint::new("http://127.0.0.1:8080/v1/embeddings", "m").unwrap();
        assert_eq!((one.address.as_str(), one.path.as_str()), ("127.0.0.1:8080", "/v1/embeddings"));
        for wrong in ["https://h/v1/embeddings", "/v1/embeddings", "h:80"] {
            assert!(Endpoint::new(wrong, "m").is_err(), "{wrong}");
        }
    }
}
