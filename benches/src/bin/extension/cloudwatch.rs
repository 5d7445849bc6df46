//! A CloudWatch that takes everything, over TLS, under an authority of its own.

use std::{
    fs, io,
    io::Write as _,
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Instant,
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring::default_provider,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};

use crate::lambda::request;

pub(crate) struct CloudWatch {
    address: SocketAddr,
    /// When each request was there as a whole.
    taken: Receiver<Instant>,
}

impl CloudWatch {
    /// Serves, and writes its authority's certificate to `bundle`.
    pub(crate) fn start(bundle: &Path) -> io::Result<Self> {
        let config = Arc::new(identity(bundle)?);
        let socket = TcpListener::bind("127.0.0.1:0")?;
        let address = socket.local_addr()?;
        let (takes, taken) = channel();
        thread::spawn(move || {
            for stream in socket.incoming().flatten() {
                let (config, takes) = (Arc::clone(&config), takes.clone());
                thread::spawn(move || serve(stream, config, &takes));
            }
        });
        Ok(Self { address, taken })
    }

    /// The environment of who is to send here.
    pub(crate) fn account(&self) -> [(&'static str, String); 4] {
        [
            ("AWS_REGION", "eu-central-1".into()),
            ("AWS_ACCESS_KEY_ID", "key".into()),
            ("AWS_SECRET_ACCESS_KEY", "secret".into()),
            (
                "AWS_ENDPOINT_URL",
                format!("https://localhost:{}", self.address.port()),
            ),
        ]
    }

    /// Waits for the next request.
    pub(crate) fn taken(&self) -> Instant {
        self.taken.recv().expect("the server lives")
    }

    /// Forgets requests that nobody waited for.
    pub(crate) fn forget(&self) {
        while self.taken.try_recv().is_ok() {}
    }
}

fn serve(stream: TcpStream, config: Arc<ServerConfig>, takes: &Sender<Instant>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    while request(&mut stream)?.is_some() {
        let _ = takes.send(Instant::now());
        stream.write_all(
            b"HTTP/1.1 200 OK\r\nsmithy-protocol: rpc-v2-cbor\r\n\
              content-type: application/cbor\r\ncontent-length: 1\r\n\r\n\xa0",
        )?;
        stream.flush()?;
    }
    Ok(())
}

fn identity(bundle: &Path) -> io::Result<ServerConfig> {
    let failed = |error: rcgen::Error| io::Error::other(error);
    let key = KeyPair::generate().map_err(failed)?;
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = authority.self_signed(&key).map_err(failed)?;
    fs::write(bundle, certificate.pem())?;
    let issuer = Issuer::new(authority, key);
    let own_key = KeyPair::generate().map_err(failed)?;
    let own = CertificateParams::new(["localhost".to_owned()])
        .and_then(|own| own.signed_by(&own_key, &issuer))
        .map_err(failed)?;
    let own_key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own_key.serialize_der()));
    ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| {
            let config = config.with_no_client_auth();
            config.with_single_cert(vec![own.der().clone()], own_key)
        })
        .map_err(io::Error::other)
}
