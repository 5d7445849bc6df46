//! HTTP/1.1, as much of it as a test needs.

use std::{
    collections::HashMap,
    io::{BufRead, Read, Write},
    net::TcpStream,
};

/// Names are in lower case.
pub(super) type Headers = HashMap<String, String>;

/// Marks an answer whose body is held back.
pub(super) const DRIP: &str = "x-drip: 1\r\n";

/// One POST on a connection of its own; gives the whole answer.
pub(crate) fn post(authority: &str, path: &str, kind: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(authority).unwrap();
    let length = body.len();
    write!(stream, "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n").unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// The next request of a connection: its first line, headers and body.
pub(super) fn request(reader: &mut impl BufRead) -> Option<(String, Headers, Vec<u8>)> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_owned());
    }
    let headers: Headers = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers
        .get("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((lines[0].clone(), headers, body))
}
