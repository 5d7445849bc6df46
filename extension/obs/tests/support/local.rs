//! A local account as a process, and the program against it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use super::program;

/// A running local account, ended by SIGTERM.
pub(crate) struct Local {
    child: Child,
    pub(crate) address: SocketAddr,
    data: tempfile::TempDir,
}

impl Local {
    /// An account that has the log groups of the project in a folder, if there is one.
    pub(crate) fn start(project: &Path) -> Local {
        let data = tempfile::tempdir().unwrap();
        let listen = ["dev", "--listen", "127.0.0.1:0", "--xray", "127.0.0.1:0"];
        let mut child = program::command(project, &listen)
            .arg("--data")
            .arg(data.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        let out = child.stdout.as_mut().unwrap();
        BufReader::new(out).read_line(&mut first).unwrap();
        let address = first.trim().strip_prefix("obs dev: http://").unwrap();
        Local {
            address: address.parse().unwrap(),
            child,
            data,
        }
    }

    /// Where its files are.
    pub(crate) fn data(&self) -> &Path {
        self.data.path()
    }

    /// The program in a folder, before this account.
    pub(crate) fn command(&self, folder: &Path, arguments: &[&str]) -> Command {
        let mut command = program::command(folder, arguments);
        command.env("AWS_ENDPOINT_URL", format!("http://{}", self.address));
        command
    }

    /// Runs the program in a folder.
    pub(crate) fn obs(&self, folder: &Path, arguments: &[&str]) -> Output {
        self.command(folder, arguments).output().unwrap()
    }

    /// The same, where nothing may go wrong; its last line.
    pub(crate) fn good(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = self.obs(folder, arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().last().unwrap_or_default().to_owned()
    }

    /// One call of CloudWatch's query protocol, as somebody's hand would make it.
    pub(crate) fn call(&self, action: &str) {
        let answer = self.send(&by_hand(self.address, action));
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    /// How many calls wrote so far.
    pub(crate) fn writes(&self) -> usize {
        let answer = self.send(&format!(
            "GET /api/requests?limit=1000 HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
            self.address
        ));
        let json = &answer[answer.find("{\"requests\"").unwrap()..=answer.rfind('}').unwrap()];
        let answer: serde_json::Value = serde_json::from_str(json).unwrap();
        let requests = answer["requests"].as_array().unwrap();
        let writes = requests.iter().filter(|one| one["write"] == true);
        writes.count()
    }

    fn send(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        let _ = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        let _ = self.child.wait();
    }
}

/// A request of CloudWatch's query protocol that closes its line: the action, and its
/// parameters behind it.
pub(crate) fn by_hand(address: SocketAddr, action: &str) -> String {
    let body = format!("Action={action}&Version=2010-08-01");
    format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         authorization: AWS4-HMAC-SHA256 Credential=hand/20260101/us-east-1/monitoring/aws4_request, SignedHeaders=host, Signature=0\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}
