//! Simulated models behind a real socket: `aios sim serve`.

use std::sync::Arc;

use aios_upstream::{SimBody, SimModel};
use http::{Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::listener::{self, ListenerConfig};

/// Largest request body, in bytes: above what the gateway lets through.
const BODY_MAX: usize = 64 * 1024 * 1024;

/// Serves a simulated model until `stop` turns true.
pub async fn serve_simulated(
    socket: TcpListener,
    config: ListenerConfig,
    stop: watch::Receiver<bool>,
    model: Arc<SimModel>,
) {
    listener::serve(socket, config, stop, move |_peer, request| {
        let model = Arc::clone(&model);
        async move { answer(&model, request).await }
    })
    .await
    .shutdown()
    .await;
}

async fn answer(
    model: &SimModel,
    request: Request<Incoming>,
) -> Result<Response<SimBody>, Box<dyn std::error::Error + Send + Sync>> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, BODY_MAX).collect().await?.to_bytes();
    Ok(model.serve_request(&parts.method, parts.uri.path(), body).await?)
}
