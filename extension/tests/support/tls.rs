//! TLS before the small CloudWatch, under an authority made for the test.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::Arc,
    thread,
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    crypto::ring::default_provider,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

/// A port that speaks TLS and has no one behind it yet.
pub(crate) struct Tls {
    socket: TcpListener,
    config: ServerConfig,
    dir: tempfile::TempDir,
}

impl Tls {
    /// A port whose certificate is for `name`.
    pub(crate) fn listen(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let dir = tempfile::tempdir().unwrap();
        let certificate = authority.self_signed(&key).unwrap();
        std::fs::write(dir.path().join("authority.pem"), certificate.pem()).unwrap();
        let issuer = Issuer::new(authority, key);
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::new([name.to_owned()]).unwrap();
        let own = own.signed_by(&key, &issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![own.der().clone()], key)
            .unwrap();
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        Self {
            socket,
            config,
            dir,
        }
    }

    /// The endpoint, by the name that clients know it by.
    pub(crate) fn url(&self) -> String {
        let port = self.socket.local_addr().unwrap().port();
        format!("https://localhost:{port}")
    }

    /// The authority's certificate.
    pub(crate) fn bundle(&self) -> PathBuf {
        self.dir.path().join("authority.pem")
    }

    /// Hands on to `server` what arrives, deciphered, for as long as the test lasts.
    pub(crate) fn before(&self, server: SocketAddr) {
        let socket = self.socket.try_clone().unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(self.config.clone()));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        thread::spawn(move || {
            runtime.block_on(async {
                let socket = tokio::net::TcpListener::from_std(socket).unwrap();
                while let Ok((stream, _)) = socket.accept().await {
                    tokio::spawn(hand_on(stream, acceptor.clone(), server));
                }
            });
        });
    }
}

async fn hand_on(client: TcpStream, tls: TlsAcceptor, server: SocketAddr) -> io::Result<()> {
    let mut client = tls.accept(client).await?;
    let mut server = TcpStream::connect(server).await?;
    tokio::io::copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}
