//! A small Lambda: it lets an extension register and hands it the events it is told.

use std::{
    io::{self, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::Instant,
};

/// The server's end that the measurement holds.
pub(crate) struct Lambda {
    pub(crate) address: SocketAddr,
    events: Sender<String>,
    asked: Receiver<Instant>,
}

impl Lambda {
    pub(crate) fn start() -> io::Result<Self> {
        let socket = TcpListener::bind("127.0.0.1:0")?;
        let address = socket.local_addr()?;
        let (events, told) = channel();
        let (asks, asked) = channel();
        // One extension, and one request of it at a time.
        thread::spawn(move || {
            for stream in socket.incoming().flatten() {
                let _ = serve(stream, &told, &asks);
            }
        });
        Ok(Self {
            address,
            events,
            asked,
        })
    }

    /// Waits until the extension asks for its next event, and tells when that was.
    pub(crate) fn asked(&self) -> Instant {
        self.asked.recv().expect("the server lives")
    }

    pub(crate) fn invoke(&self, request_id: &str) {
        let deadline_ms = now_ms() + 60_000;
        self.tell(format!(
            r#"{{"eventType":"INVOKE","deadlineMs":{deadline_ms},"requestId":"{request_id}","invokedFunctionArn":"arn"}}"#
        ));
    }

    pub(crate) fn shut_down(&self) {
        let deadline_ms = now_ms() + 2_000;
        self.tell(format!(
            r#"{{"eventType":"SHUTDOWN","shutdownReason":"spindown","deadlineMs":{deadline_ms}}}"#
        ));
    }

    fn tell(&self, event: String) {
        self.events.send(event).expect("the server lives");
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the measurement's one look at the clock"
)]
pub(crate) fn now_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |now| now.as_millis() as i64)
}

fn serve(
    mut stream: TcpStream,
    events: &Receiver<String>,
    asks: &Sender<Instant>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    while let Some(head) = request(&mut stream)? {
        let (status, header, body) = if head.contains("/register") {
            let body = r#"{"functionName":"f","functionVersion":"1","handler":"h"}"#;
            (200, "lambda-extension-identifier: id\r\n", body.to_owned())
        } else if head.contains("/event/next") {
            asks.send(Instant::now()).map_err(io::Error::other)?;
            (200, "", events.recv().map_err(io::Error::other)?)
        } else {
            (202, "", String::new())
        };
        let length = body.len();
        let head = format!("HTTP/1.1 {status} X\r\n{header}content-length: {length}\r\n\r\n");
        stream.write_all((head + &body).as_bytes())?;
    }
    Ok(())
}

/// Reads a whole request; gives its head, none at the end.
pub(crate) fn request(stream: &mut impl io::Read) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 16 << 10];
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        match stream.read(&mut buffer)? {
            0 => return Ok(None),
            count => bytes.extend_from_slice(&buffer[..count]),
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok())
        .unwrap_or(0);
    let there = bytes.len() - end;
    let mut rest = vec![0; usize::saturating_sub(length, there)];
    stream.by_ref().read_exact(&mut rest)?;
    Ok(Some(head))
}
