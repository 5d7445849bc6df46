//! The X-Ray daemon: takes segment documents by UDP and puts them into the account.
//!
//! A datagram is a header line and one JSON document of at most 64 KB. Handlers of all
//! languages send here, so reading is tolerant; what is no document is counted and named in
//! the account's logs.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::Value;
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use crate::account::{Account, Change};
use crate::store::{LogRecord, OWN_STREAM};

/// Largest document.
const MAX_DOCUMENT: usize = 64 * 1024;
/// So many refused datagrams are named in the logs; beyond, one of so many is, with the count.
const NAMED: u64 = 100;

/// The listening socket; it closes when this is dropped.
#[derive(Debug)]
pub(crate) struct Xray {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Xray {
    /// Binds the address and starts to receive.
    pub(crate) async fn listen(account: Arc<Account>, address: SocketAddr) -> io::Result<Xray> {
        let socket = UdpSocket::bind(address).await?;
        let address = socket.local_addr()?;
        let task = tokio::spawn(receive(socket, account));
        Ok(Xray { address, task })
    }

    /// The bound address.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Xray {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn receive(socket: UdpSocket, account: Arc<Account>) {
    let mut refused: u64 = 0;
    // A UDP payload over IPv4 is at most 65,507 bytes, so nothing is cut.
    let mut datagram = vec![0; 65_536];
    loop {
        let Ok(length) = socket.recv(&mut datagram).await else {
            continue;
        };
        let kept = parse(&datagram[..length]).and_then(|document| {
            account
                .store
                .put_segment(&document)
                .map_err(|error| error.to_string())
        });
        match kept {
            Ok(()) => account.changed(Change::Trace),
            Err(reason) => {
                refused += 1;
                if refused <= NAMED || refused.is_multiple_of(NAMED) {
                    let line =
                        format!("X-Ray daemon refused a datagram, {refused} so far: {reason}");
                    let _ = account.log(&LogRecord {
                        time_ms: account.clock.now_ms(),
                        function: "xray-daemon".to_owned(),
                        stream: OWN_STREAM.to_owned(),
                        request_id: None,
                        line,
                    });
                }
            }
        }
    }
}

/// The document of a datagram, or why there is none.
fn parse(datagram: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(datagram).map_err(|_| "it is not UTF-8".to_owned())?;
    let (header, document) = text
        .trim_start()
        .split_once('\n')
        .ok_or("it has no line feed after its header")?;
    let header: Value =
        serde_json::from_str(header).map_err(|_| "its first line is not JSON".to_owned())?;
    if header["format"] != "json" || header["version"] != 1 {
        return Err(r#"its header is not {"format":"json","version":1}"#.to_owned());
    }
    if document.len() > MAX_DOCUMENT {
        return Err("its document is over 64 KB".to_owned());
    }
    if document.starts_with("T1S") || document.starts_with("T1U") {
        return Err("it is OTLP, which this daemon does not read yet".to_owned());
    }
    let document: Value = serde_json::from_str(document.trim())
        .map_err(|error| format!("its document is not JSON: {error}"))?;
    if !document.is_object() {
        return Err("its document is not an object".to_owned());
    }
    Ok(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datagrams_of_every_sdk_are_read() {
        for header in [
            r#"{"format":"json","version":1}"#,
            r#"{"format": "json", "version": 1}"#,
        ] {
            for end in ["", "\n", "\r\n"] {
                let datagram = format!("{header}{end}\n{{\"id\":\"a\"}}\n");
                let datagram = if end.is_empty() {
                    datagram
                } else {
                    datagram.replacen(end, "", 1)
                };
                assert_eq!(parse(datagram.as_bytes()).expect("a document")["id"], "a");
            }
        }
    }

    #[test]
    fn anything_else_is_refused_with_its_reason() {
        let check = |datagram: &[u8], expect: &str| {
            let error = parse(datagram).expect_err(expect);
            assert!(error.contains(expect), "{error}");
        };
        let header = "{\"format\":\"json\",\"version\":1}\n";
        check(b"", "line feed");
        check(b"{\"id\":1}", "line feed");
        check(b"\xff\xfe\n", "UTF-8");
        check(b"{\"format\":\"xml\",\"version\":1}\n{}", "header");
        check(format!("{header}{{").as_bytes(), "not JSON");
        check(format!("{header}[1]").as_bytes(), "not an object");
        check(format!("{header}T1SAAAA").as_bytes(), "OTLP");
        check(
            format!("{header}{}", " ".repeat(MAX_DOCUMENT + 1)).as_bytes(),
            "64 KB",
        );
    }
}
