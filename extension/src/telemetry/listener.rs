//! The HTTP listener that Lambda posts telemetry to.
//!
//! It answers 200 to whatever comes: an answer that is not 200 makes Lambda
//! retry, and there is nothing that a second copy would mend.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, mpsc},
};

use super::{Parsed, parse};

/// Lambda sends at most 256 KiB (what we subscribe with) and an event more.
const MOST_BYTES: usize = 2 * 1024 * 1024;
/// Lambda uses one connection. A stranger's hundredth has to wait.
const MOST_CONNECTIONS: usize = 8;

/// The bound listener.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
}

impl Listener {
    /// Binds `address`. Lambda checks that somebody listens when it is asked to
    /// deliver there, so bind before subscribing.
    ///
    /// # Errors
    ///
    /// When the address cannot be bound.
    pub async fn bind(address: SocketAddr) -> std::io::Result<Self> {
        Ok(Self {
            socket: TcpListener::bind(address).await?,
        })
    }

    /// The port that was given.
    ///
    /// # Errors
    ///
    /// When the system does not tell.
    pub fn port(&self) -> std::io::Result<u16> {
        Ok(self.socket.local_addr()?.port())
    }

    /// Serves until the receiver is gone. A delivery that finds the channel full
    /// waits, and Lambda buffers.
    pub async fn serve(self, deliveries: mpsc::Sender<Parsed>) {
        let free = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        loop {
            let Ok(permit) = Arc::clone(&free).acquire_owned().await else {
                return;
            };
            // A failed accept (out of descriptors) costs one connection; yield so
            // that it cannot spin.
            let Ok((stream, _)) = self.socket.accept().await else {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                continue;
            };
            let deliveries = deliveries.clone();
            tokio::spawn(async move {
                let service = service_fn(|request| answer(request, deliveries.clone()));
                // A broken connection is the peer's affair.
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
                drop(permit);
            });
        }
    }
}

async fn answer(
    request: Request<Incoming>,
    deliveries: mpsc::Sender<Parsed>,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    let parsed = match Limited::new(request.into_body(), MOST_BYTES)
        .collect()
        .await
    {
        Ok(body) => parse(&body.to_bytes()),
        Err(_) => Parsed {
            malformed: 1,
            ..Parsed::default()
        },
    };
    let _ = deliveries.send(parsed).await;
    Ok(Response::new(Empty::new()))
}
