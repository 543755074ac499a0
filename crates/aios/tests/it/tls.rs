//! Model servers behind TLS: whom the gateway trusts, and what it says of those it does not.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::program::Place;
use crate::rig::{
    Client, DONE, Server, Setup, Upstream, chat, chat_json, delta, finish, ok, post, whole_stream,
};

/// Vouches for servers; made anew for each test.
struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

/// Takes TLS off what arrives and hands it to a plain server.
struct Front {
    port: u16,
    n_accepted: Arc<AtomicUsize>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    /// Stands before `upstream` as the server `name`.
    async fn front(&self, name: &str, upstream: &Upstream) -> Front {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(vec![certificate.der().clone()], key).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let n_accepted = Arc::new(AtomicUsize::new(0));
        tokio::spawn(accept(
            listener,
            TlsAcceptor::from(Arc::new(config)),
            upstream.address(),
            Arc::clone(&n_accepted),
        ));
        Front { port, n_accepted }
    }
}

async fn accept(listener: TcpListener, tls: TlsAcceptor, to: SocketAddr, n: Arc<AtomicUsize>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, n) = (tls.clone(), Arc::clone(&n));
        tokio::spawn(async move {
            // Whoever does not trust this server hangs up here.
            let Ok(mut inside) = tls.accept(stream).await else { return };
            n.fetch_add(1, Ordering::Relaxed);
            let mut plain = TcpStream::connect(to).await.unwrap();
            // Either side may end it.
            drop(tokio::io::copy_bidirectional(&mut inside, &mut plain).await);
        });
    }
}

/// A gateway that trusts `authority` alone and asks for `front` under the name `localhost`.
async fn trusting(authority: &Authority, front: &Front) -> Server {
    let url = format!("https://localhost:{}/v1", front.port);
    let setup = Setup::new().with_main_at(&url, "").all_to_main();
    let setup = setup.set("retries.attempts_max", "1");
    let place = Place::new();
    place.write("authority.pem", &authority.certificate);
    let trusted = place.path().join("authority.pem");
    let place = place.env("SSL_CERT_FILE", trusted.to_str().unwrap());
    place.write("aios.toml", &setup.toml());
    Server::start_in(place).await
}

#[tokio::test]
async fn a_server_behind_tls_answers_over_one_connection() {
    let upstream = Upstream::start(|request| {
        if request.has("\"stream\":true") {
            whole_stream([delta("Hello"), finish(), DONE.to_owned()])
        } else {
            ok(&chat_json("big", &"long ".repeat(50_000)))
        }
    })
    .await;
    let authority = Authority::new("ours");
    let front = authority.front("localhost", &upstream).await;
    let server = trusting(&authority, &front).await;
    let mut client = Client::connect(server.api()).await;
    for stream in [false, true, false] {
        client.send(&post(&chat("aios-auto", "x", stream))).await;
        let reply = client.reply().await.expect(200);
        assert_eq!(reply.header("x-aios-route"), Some("main"));
        let text = reply.text();
        assert!(text.contains(if stream { DONE } else { "long long" }), "{text}");
    }
    assert_eq!(front.n_accepted.load(Ordering::Relaxed), 1, "the connection was kept");
}

#[tokio::test]
async fn a_server_that_cannot_be_trusted_gets_no_request() {
    let upstream = Upstream::always(ok(&chat_json("big", "Hello"))).await;
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    for (authority, name) in [(&theirs, "localhost"), (&ours, "elsewhere.test")] {
        let front = authority.front(name, &upstream).await;
        let server = trusting(&ours, &front).await;
        let text = server.chat("aios-main", "x").await.expect(502).text();
        assert!(text.contains("certificate") && text.contains("SSL_CERT_FILE"), "{text}");
        let events = server.events(1).await;
        assert_eq!(events[0]["attempts"][0]["outcome"], "connect_failed");
        assert_eq!(front.n_accepted.load(Ordering::Relaxed), 0);
    }
}
