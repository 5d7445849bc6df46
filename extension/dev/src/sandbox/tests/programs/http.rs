//! Just enough HTTP/1.1 to speak Lambda's APIs from a test program.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// An answer.
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// Header names in lower case, with their values.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: String,
}

impl Answer {
    /// A header's value; empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }
}

/// One request over a connection of its own.
pub(crate) fn call(host: &str, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut stream = TcpStream::connect(host).expect("the API listens");
    let mut head = format!("{line} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    stream
        .write_all((head + body).as_bytes())
        .expect("the API reads");
    let mut reader = BufReader::new(stream);
    let (first, headers) = read_head(&mut reader);
    let status = first
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .unwrap_or(0);
    let mut body = String::new();
    reader
        .read_to_string(&mut body)
        .expect("the API answers text");
    Answer {
        status,
        headers,
        body,
    }
}

/// The first line and the headers of a message.
pub(crate) fn read_head(reader: &mut impl BufRead) -> (String, Vec<(String, String)>) {
    let mut first = String::new();
    reader.read_line(&mut first).expect("a first line");
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a header");
        let Some((name, value)) = line.trim().split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    (first.trim().to_owned(), headers)
}
