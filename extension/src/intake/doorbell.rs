//! The doorbell: a datagram socket that the library rings at the end of each
//! invocation, with the request id as payload.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use tokio::net::UnixDatagram;

/// Longer payloads are no request id; they are cut.
const LONGEST_ID: usize = 128;

/// The bound socket.
#[derive(Debug)]
pub struct Doorbell {
    socket: UnixDatagram,
}

impl Doorbell {
    /// Where the doorbell of a journal stands: `<journal>.bell`.
    #[must_use]
    pub fn path(journal: &Path) -> PathBuf {
        let mut path = journal.as_os_str().to_owned();
        path.push(".bell");
        path.into()
    }

    /// Binds the doorbell beside `journal`, in place of what a dead process
    /// left. The caller holds the journal's lock, so no living one is displaced.
    ///
    /// # Errors
    ///
    /// When the socket cannot be bound, for one when the path is longer than
    /// 107 bytes.
    pub fn bind(journal: &Path) -> io::Result<Self> {
        let path = Self::path(journal);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let socket = UnixDatagram::bind(&path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666))?;
        Ok(Self { socket })
    }

    /// Waits for the next ring and tells whose invocation ended.
    ///
    /// # Errors
    ///
    /// When the socket fails.
    pub async fn ring(&self) -> io::Result<String> {
        let mut payload = [0; LONGEST_ID];
        let length = self.socket.recv(&mut payload).await?;
        Ok(String::from_utf8_lossy(&payload[..length]).into_owned())
    }
}
