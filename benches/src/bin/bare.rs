//! Sockets and nothing else: the least that an extension can be, and with the
//! argument `handler` the least that a function can be. What INIT costs with these
//! is nobody's work but Lambda's.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
};

fn main() -> io::Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some("handler") => function(),
        _ => extension(),
    }
}

fn extension() -> io::Result<()> {
    let mut api = Api::connect()?;
    let register = "POST /2020-01-01/extension/register";
    let events = r#"{"events":["INVOKE","SHUTDOWN"]}"#;
    let id = api.call(register, "lambda-extension-name: bare", events)?;
    let identified = format!("lambda-extension-identifier: {id}");
    loop {
        api.call("GET /2020-01-01/extension/event/next", &identified, "")?;
    }
}

fn function() -> io::Result<()> {
    const PATH: &str = "/2018-06-01/runtime/invocation";
    let mut api = Api::connect()?;
    loop {
        let id = api.call(&format!("GET {PATH}/next"), "accept: */*", "")?;
        let response = format!("POST {PATH}/{id}/response");
        api.call(&response, "accept: */*", "{}")?;
    }
}

struct Api {
    stream: BufReader<TcpStream>,
    host: String,
}

impl Api {
    #[expect(clippy::disallowed_methods, reason = "the one look at the environment")]
    fn connect() -> io::Result<Self> {
        let host = std::env::var("AWS_LAMBDA_RUNTIME_API").map_err(io::Error::other)?;
        let stream = BufReader::new(TcpStream::connect(&host)?);
        Ok(Self { stream, host })
    }

    /// Gives the answer's identifier, the extension's or the invocation's.
    fn call(&mut self, what: &str, header: &str, body: &str) -> io::Result<String> {
        let (host, length) = (&self.host, body.len());
        let request = format!(
            "{what} HTTP/1.1\r\nhost: {host}\r\n{header}\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        // One write: in pieces they would wait for each other's acknowledgement.
        self.stream.get_mut().write_all(request.as_bytes())?;
        let (mut id, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let Some((name, value)) = line.trim().split_once(": ") else {
                if line.trim().is_empty() {
                    break;
                }
                continue;
            };
            match name.to_ascii_lowercase().as_str() {
                "lambda-runtime-aws-request-id" | "lambda-extension-identifier" => {
                    value.clone_into(&mut id);
                }
                "content-length" => length = value.parse().map_err(io::Error::other)?,
                _ => {}
            }
        }
        self.stream.read_exact(&mut vec![0; length])?;
        Ok(id)
    }
}
