//! The way of one environment to the account: a relay of bytes whose connections can
//! be dropped all at once, as they are when an environment thaws after a long freeze.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A relay; it ends, with its connections, when this is dropped.
#[derive(Debug)]
pub(crate) struct Relay {
    address: SocketAddr,
    dropping: watch::Sender<u64>,
    task: JoinHandle<()>,
}

impl Relay {
    /// Listens on a free loopback port for whoever wants to reach the endpoint; `None`
    /// when the endpoint is no `http://ADDRESS:PORT`.
    pub(crate) async fn start(endpoint: &str) -> io::Result<Option<Relay>> {
        let target = endpoint.strip_prefix("http://");
        let Some(target) = target.and_then(|target| target.parse::<SocketAddr>().ok()) else {
            return Ok(None);
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let dropping = watch::Sender::new(0);
        let task = tokio::spawn(accept(listener, target, dropping.subscribe()));
        Ok(Some(Relay {
            address,
            dropping,
            task,
        }))
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Resets every connection there is.
    pub(crate) fn drop_all(&self) {
        self.dropping.send_modify(|times| *times += 1);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, dropping: watch::Receiver<u64>) {
    while let Ok((caller, _)) = listener.accept().await {
        let mut dropping = dropping.clone();
        dropping.mark_unchanged();
        tokio::spawn(async move {
            let mut caller = caller;
            let Ok(mut account) = TcpStream::connect(target).await else {
                return;
            };
            // Not knowing these options costs time, not bytes.
            let _ = (caller.set_nodelay(true), account.set_nodelay(true));
            let broken = tokio::select! {
                done = copy_bidirectional(&mut caller, &mut account) => done.is_err(),
                _ = dropping.changed() => true,
            };
            if broken {
                // A close with a linger of zero sends RST: a fault behind the relay, or
                // a dropped connection, looks to the caller as it does without one.
                let _ = (caller.set_zero_linger(), account.set_zero_linger());
            }
        });
    }
}
