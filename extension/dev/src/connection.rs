//! The listener's connections, each with a handle by which the request it carries
//! can spoil it: reset it, or let the answer out a byte at a time.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Sleep, sleep};

const DRIPPING: u8 = 1;
const RESET: u8 = 2;

/// Between two bytes of an answer that drips.
const DROP: Duration = Duration::from_millis(100);

/// Accepts connections that can be spoiled.
#[derive(Debug)]
pub(crate) struct Listener(pub(crate) TcpListener);

/// The handle of one connection; requests find it among their extensions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connection(Arc<AtomicU8>);

impl Connection {
    /// Nothing more is written; the peer sees a reset.
    pub(crate) fn reset(&self) {
        self.0.store(RESET, Ordering::Release);
    }

    /// From now on a byte at a time.
    pub(crate) fn drip(&self) {
        self.0.store(DRIPPING, Ordering::Release);
    }
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Stream {
    tcp: TcpStream,
    connection: Connection,
    pause: Option<Pin<Box<Sleep>>>,
}

impl axum::serve::Listener for Listener {
    type Io = Stream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Stream, SocketAddr) {
        let (tcp, address) = axum::serve::Listener::accept(&mut self.0).await;
        let stream = Stream {
            tcp,
            connection: Connection::default(),
            pause: None,
        };
        (stream, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Listener>> for Connection {
    fn connect_info(stream: IncomingStream<'_, Listener>) -> Connection {
        stream.io().connection.clone()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.connection.0.load(Ordering::Acquire) {
            RESET => {
                // A close with a linger of zero sends RST instead of FIN.
                self.tcp.set_zero_linger()?;
                Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
            }
            DRIPPING if !bytes.is_empty() => {
                let pause = self.pause.get_or_insert_with(|| Box::pin(sleep(DROP)));
                ready!(pause.as_mut().poll(context));
                let written = ready!(Pin::new(&mut self.tcp).poll_write(context, &bytes[..1]))?;
                self.pause = None;
                Poll::Ready(Ok(written))
            }
            _ => Pin::new(&mut self.tcp).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}
