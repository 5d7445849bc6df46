//! A proxy before the account: it notes each call, and breaks the call of one number.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use crate::support::local::by_hand;

/// The alarm that somebody else deletes in [`Fault::Overtaken`].
const DELETED_FIRST: &str = "old-orders";

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    /// The line is cut before the account hears of it.
    Cut,
    /// The account does it, but its answer is lost.
    AnswerLost,
    /// 500.
    Error,
    /// One call too many.
    Throttle,
    /// Nobody answers, and the apply is killed.
    Hang,
    /// The account does it, nobody answers, and the apply is killed.
    HangAfter,
    /// 500, and to every call after it.
    Down,
    /// Somebody deletes an alarm a moment before the call that deletes it, whatever
    /// that call's number.
    Overtaken,
}

/// What the proxy does.
pub(crate) struct Script {
    /// Operations called so far.
    pub(crate) calls: Vec<String>,
    /// Requests to become a role, as they were sent.
    pub(crate) roles: Vec<String>,
    /// Calls under way, and the most there were at once.
    pub(crate) under_way: (usize, usize),
    /// The fault, and the number of the call it befalls.
    fault: Option<(Fault, usize)>,
    /// Told when a call hangs.
    hanging: Sender<()>,
    /// Lines that hang, kept open.
    held: Vec<TcpStream>,
}

pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    pub(crate) script: Arc<Mutex<Script>>,
    pub(crate) hanging: Receiver<()>,
}

impl Proxy {
    pub(crate) fn before(account: SocketAddr) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, hanging) = channel();
        let script = Arc::new(Mutex::new(Script {
            calls: Vec::new(),
            roles: Vec::new(),
            under_way: (0, 0),
            fault: None,
            hanging: sender,
            held: Vec::new(),
        }));
        let shared = Arc::clone(&script);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let script = Arc::clone(&shared);
                // A client that goes away in mid-call is what this test is about.
                std::thread::spawn(move || drop(serve(stream, account, &script)));
            }
        });
        Proxy {
            address,
            script,
            hanging,
        }
    }

    /// Breaks one call from now on; answers what was called since the last time.
    pub(crate) fn script(&self, fault: Option<(Fault, usize)>) -> Vec<String> {
        let mut script = self.script.lock().unwrap();
        script.fault = fault;
        script.held.clear();
        script.under_way = (0, 0);
        std::mem::take(&mut script.calls)
    }
}

/// One call: read, maybe broken, else passed on.
fn serve(
    mut client: TcpStream,
    account: SocketAddr,
    script: &Mutex<Script>,
) -> std::io::Result<()> {
    let request = request(&mut client)?;
    let fault = {
        let mut script = script.lock().unwrap();
        let number = script.calls.len();
        let name = operation(&request);
        let deletes =
            name == "DeleteAlarms" && String::from_utf8_lossy(&request).contains(DELETED_FIRST);
        if name == "AssumeRole" {
            let sent = String::from_utf8_lossy(&request).into_owned();
            script.roles.push(sent);
        }
        script.calls.push(name);
        script.under_way.0 += 1;
        script.under_way.1 = script.under_way.1.max(script.under_way.0);
        script.fault.and_then(|(fault, at)| {
            let befalls = match fault {
                Fault::Overtaken => deletes,
                Fault::Down => number >= at,
                _ => number == at,
            };
            befalls.then_some(fault)
        })
    };
    let hang = |client: TcpStream| {
        let mut script = script.lock().unwrap();
        script.held.push(client);
        // The test may have ended.
        let _ = script.hanging.send(());
    };
    match fault {
        None => {
            let answer = pass_on(&request, account);
            // A fault may have set the count back in between.
            let under_way = &mut script.lock().unwrap().under_way.0;
            *under_way = under_way.saturating_sub(1);
            client.write_all(&answer?)
        }
        Some(Fault::Cut) => Ok(()),
        Some(Fault::AnswerLost) => pass_on(&request, account).map(drop),
        Some(Fault::Error | Fault::Down) => client.write_all(
            b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        ),
        Some(Fault::Overtaken) => {
            let deletion = format!("DeleteAlarms&AlarmNames.member.1={DELETED_FIRST}");
            let deletion = by_hand(account, &deletion);
            let answer = pass_on(deletion.as_bytes(), account)?;
            assert!(answer.starts_with(b"HTTP/1.1 200"), "{answer:?}");
            client.write_all(&pass_on(&request, account)?)
        }
        Some(Fault::Throttle) => client.write_all(&throttled(&request)),
        Some(Fault::Hang) => {
            hang(client);
            Ok(())
        }
        Some(Fault::HangAfter) => {
            pass_on(&request, account)?;
            hang(client);
            Ok(())
        }
    }
}

/// A request, head and body, that asks for the line to be closed.
fn request(client: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut reader = BufReader::new(client);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let lower = line.to_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
        if !lower.starts_with("connection:") {
            head.push_str(&line);
        }
    }
    let mut whole = format!("{head}connection: close\r\n\r\n").into_bytes();
    let start = whole.len();
    whole.resize(start + length, 0);
    reader.read_exact(&mut whole[start..])?;
    Ok(whole)
}

fn pass_on(request: &[u8], account: SocketAddr) -> std::io::Result<Vec<u8>> {
    let mut line = TcpStream::connect(account)?;
    line.write_all(request)?;
    let mut answer = Vec::new();
    line.read_to_end(&mut answer)?;
    Ok(answer)
}

/// What a request asks for, in whichever protocol.
fn operation(request: &[u8]) -> String {
    let text = String::from_utf8_lossy(request);
    let head = text.lines().take_while(|line| !line.is_empty());
    let target = head.filter_map(|line| line.split_once(':')).find_map(|it| {
        let is_target = it.0.eq_ignore_ascii_case("x-amz-target");
        is_target.then(|| it.1.rsplit('.').next().unwrap_or_default())
    });
    let after = |mark: &str| text.split_once(mark).map(|(_, rest)| rest);
    let path = || after("POST /").or_else(|| after("GET /"));
    let found = target
        .or_else(|| after("/operation/"))
        .or_else(|| after("Action="))
        .or_else(path);
    let found = found.unwrap_or_default();
    let end = found.find([' ', '&', '\r']).unwrap_or(found.len());
    found[..end].to_owned()
}

/// A refusal in the protocol of the request.
fn throttled(request: &[u8]) -> Vec<u8> {
    let head = String::from_utf8_lossy(request).to_lowercase();
    let (kind, body): (&str, &[u8]) = if head.contains("smithy-protocol: rpc-v2-cbor") {
        // {"__type": "ThrottlingException"}
        let cbor = b"\xa1\x66__type\x73ThrottlingException";
        ("application/cbor\r\nsmithy-protocol: rpc-v2-cbor", cbor)
    } else if head.contains("application/x-www-form-urlencoded") {
        let xml = b"<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>";
        ("text/xml", xml)
    } else {
        let json = br#"{"__type": "ThrottlingException"}"#;
        (
            "application/json\r\nx-amzn-errortype: ThrottlingException",
            json,
        )
    };
    let mut answer = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(body);
    answer
}
