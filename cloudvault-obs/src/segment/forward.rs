//! The way of documents that find no X-Ray daemon: through the extension.
//!
//! With `OBS_FORWARD_SEGMENTS=true` and an extension that forwards, a document that
//! the daemon's address refuses is appended to the spool beside the journal
//! ([`spool`]), and the extension sends it by PutTraceSegments. That an address
//! refuses a datagram shows after the send, on this machine at once and elsewhere
//! a little later; so the last one is kept until the next shows no refusal. What
//! was sent last before the environment ends is in the daemon's hands or nobody's.

use std::{
    fs::{File, TryLockError},
    io::{self, ErrorKind, Read as _, Seek as _, SeekFrom},
    net::UdpSocket,
    os::unix::fs::FileExt as _,
    path::Path,
    sync::{Mutex, PoisonError},
    thread,
};

use cloudvault_obs_core::segment::{DATAGRAM_HEADER, spool};

/// The extension holds the spool's lock for some microseconds, to empty it: a
/// writer that comes then yields at most so often.
const PATIENCE: u32 = 100;

/// A daemon that may not be there, and what is for that case.
#[derive(Debug)]
pub(super) struct Forward {
    daemon: Option<UdpSocket>,
    behind: Mutex<Behind>,
}

#[derive(Debug)]
struct Behind {
    spool: Spool,
    /// The last datagram: its refusal may still come.
    doubted: Vec<u8>,
}

impl Forward {
    /// The way through the extension that reads `journal`; none if there is no such
    /// extension.
    pub(super) fn open(journal: &Path) -> Option<Self> {
        let lives = File::open(journal).ok()?.try_lock_shared();
        if !matches!(lives, Err(TryLockError::WouldBlock)) {
            return None;
        }
        let path = spool::path(journal);
        let file = File::options().read(true).write(true).open(path).ok()?;
        Some(Self {
            daemon: None,
            behind: Mutex::new(Behind {
                spool: Spool::new(file),
                doubted: Vec::new(),
            }),
        })
    }

    /// Tries `daemon` first.
    pub(super) fn behind(self, daemon: Option<UdpSocket>) -> Self {
        Self { daemon, ..self }
    }

    /// Sends a datagram, or spools its document; gives how many were lost.
    pub(super) fn send(&self, datagram: &[u8]) -> u64 {
        let mut behind = self.behind.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(daemon) = &self.daemon else {
            return behind.spool(datagram);
        };
        let mut lost = 0;
        if refused(daemon) {
            lost += behind.spool_doubted();
        }
        let sent = daemon.send(datagram);
        match &sent {
            Ok(_) if !refused(daemon) => {
                behind.doubted.clear();
                behind.doubted.extend_from_slice(datagram);
                return lost;
            }
            // A send that is refused tells of the one before, and sends nothing.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                lost += behind.spool_doubted();
            }
            _ => {}
        }
        lost + behind.spool(datagram)
    }
}

/// Whether a datagram that left came back.
fn refused(daemon: &UdpSocket) -> bool {
    !matches!(daemon.take_error(), Ok(None))
}

impl Behind {
    fn spool(&mut self, datagram: &[u8]) -> u64 {
        let document = datagram.strip_prefix(DATAGRAM_HEADER).unwrap_or(datagram);
        u64::from(self.spool.append(document).is_err())
    }

    fn spool_doubted(&mut self) -> u64 {
        let doubted = std::mem::take(&mut self.doubted);
        if doubted.is_empty() {
            return 0;
        }
        self.spool(&doubted)
    }
}

/// The file's end.
#[derive(Debug)]
struct Spool {
    file: File,
    /// One past the last whole frame, as this process left it.
    end: u64,
    frame: Vec<u8>,
}

impl Spool {
    fn new(file: File) -> Self {
        // No length equals this: the first append looks what there is.
        let end = u64::MAX;
        Self {
            file,
            end,
            frame: Vec::new(),
        }
    }

    /// Appends a document, whole or not at all.
    fn append(&mut self, document: &[u8]) -> io::Result<()> {
        self.lock()?;
        let appended = self.append_locked(document);
        let unlocked = self.file.unlock();
        appended.and(unlocked)
    }

    fn lock(&self) -> io::Result<()> {
        for _ in 0..PATIENCE {
            match self.file.try_lock() {
                Ok(()) => return Ok(()),
                Err(TryLockError::WouldBlock) => thread::yield_now(),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Err(ErrorKind::WouldBlock.into())
    }

    fn append_locked(&mut self, document: &[u8]) -> io::Result<()> {
        if self.file.metadata()?.len() != self.end {
            // The extension emptied it, or another process was here, and may have
            // been killed while it wrote.
            self.end = self.whole()?;
        }
        self.frame.clear();
        if self.end == 0 {
            self.frame.extend_from_slice(spool::MAGIC);
        }
        spool::write(&mut self.frame, document);
        let after = self.end + self.frame.len() as u64;
        if after > spool::MOST_BYTES {
            return Err(ErrorKind::StorageFull.into());
        }
        if let Err(error) = self.file.write_all_at(&self.frame, self.end) {
            let _ = self.file.set_len(self.end);
            return Err(error);
        }
        self.end = after;
        Ok(())
    }

    /// Where the last whole frame ends; what is behind it is cut off.
    fn whole(&mut self) -> io::Result<u64> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(0))?;
        let most = spool::MOST_BYTES;
        (&self.file).take(most).read_to_end(&mut bytes)?;
        let whole = spool::whole(&bytes) as u64;
        self.file.set_len(whole)?;
        Ok(whole)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use super::*;

    /// A journal that somebody holds, and its spool.
    struct Place {
        dir: tempfile::TempDir,
        _extension: File,
    }

    impl Place {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let extension = File::create(dir.path().join("journal")).unwrap();
            extension.lock().unwrap();
            let place = Self {
                dir,
                _extension: extension,
            };
            File::create(place.spool()).unwrap();
            place
        }

        fn journal(&self) -> PathBuf {
            self.dir.path().join("journal")
        }

        fn spool(&self) -> PathBuf {
            spool::path(&self.journal())
        }

        fn forward(&self, daemon: Option<UdpSocket>) -> Forward {
            Forward::open(&self.journal()).unwrap().behind(daemon)
        }

        fn documents(&self) -> Vec<String> {
            let bytes = fs::read(self.spool()).unwrap();
            let mut rest = bytes.get(spool::MAGIC.len()..).unwrap_or_default();
            let mut found = Vec::new();
            while let Some(frame) = spool::read(rest) {
                found.push(String::from_utf8(frame.document.to_vec()).unwrap());
                rest = &rest[frame.length()..];
            }
            assert_eq!(rest, b"");
            found
        }
    }

    fn datagram(document: &str) -> Vec<u8> {
        [DATAGRAM_HEADER, document.as_bytes()].concat()
    }

    #[test]
    fn every_document_that_is_refused_is_spooled_and_none_that_is_taken() {
        let place = Place::new();
        let daemon = UdpSocket::bind("127.0.0.1:0").unwrap();
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.connect(daemon.local_addr().unwrap()).unwrap();
        let forward = place.forward(Some(client));
        assert_eq!(forward.send(&datagram("taken")), 0);
        assert_eq!(daemon.recv(&mut [0; 100]).unwrap(), datagram("taken").len());
        assert_eq!(place.documents(), [""; 0]);
        drop(daemon);
        assert_eq!(
            forward.send(&datagram("a")) + forward.send(&datagram("b")),
            0
        );
        assert_eq!(place.documents(), ["a", "b"]);
    }

    #[test]
    fn without_a_daemons_address_every_document_is_spooled() {
        let place = Place::new();
        assert_eq!(place.forward(None).send(&datagram("a")), 0);
        assert_eq!(place.documents(), ["a"]);
    }

    #[test]
    fn nobody_forwards_where_no_extension_lives_or_it_made_no_spool() {
        let place = Place::new();
        fs::remove_file(place.spool()).unwrap();
        assert!(Forward::open(&place.journal()).is_none());
        File::create(place.spool()).unwrap();
        let journal = place.journal();
        let Place {
            dir: _dir,
            _extension,
        } = place;
        drop(_extension);
        assert!(Forward::open(&journal).is_none());
    }

    #[test]
    fn a_torn_tail_and_foreign_bytes_are_cut_off_before_the_next_document() {
        let place = Place::new();
        fs::write(place.spool(), b"something else").unwrap();
        place.forward(None).send(&datagram("a"));
        let mut bytes = fs::read(place.spool()).unwrap();
        spool::write(&mut bytes, b"torn");
        fs::write(place.spool(), &bytes[..bytes.len() - 1]).unwrap();
        place.forward(None).send(&datagram("b"));
        assert_eq!(place.documents(), ["a", "b"]);
    }

    #[test]
    fn a_spool_that_the_extension_emptied_is_begun_anew() {
        let place = Place::new();
        let forward = place.forward(None);
        forward.send(&datagram("a"));
        File::create(place.spool()).unwrap();
        forward.send(&datagram("b"));
        assert_eq!(place.documents(), ["b"]);
    }

    #[test]
    fn what_finds_no_room_is_lost_and_counted() {
        let place = Place::new();
        let forward = place.forward(None);
        let large = datagram(&"x".repeat(60_000));
        let lost: u64 = (0..80).map(|_| forward.send(&large)).sum();
        let room = (spool::MOST_BYTES as usize - 8) / 60_009;
        assert_eq!((lost as usize, place.documents().len()), (80 - room, room));
        // A smaller one may still find some.
        assert_eq!(forward.send(&datagram("{}")), 0);
    }

    #[test]
    fn a_full_disk_loses_the_document_and_leaves_the_file_as_it_was() {
        // /dev/full says that there is no room to whoever writes.
        let full = File::options().read(true).write(true).open("/dev/full");
        let mut spool = Spool::new(full.unwrap());
        spool.end = 0;
        assert!(spool.append_locked(b"{}").is_err());
        assert_eq!(spool.end, 0);
    }

    #[test]
    fn a_lock_that_is_not_given_back_does_not_hold_the_handler() {
        let place = Place::new();
        let holder = File::open(place.spool()).unwrap();
        holder.lock().unwrap();
        assert_eq!(place.forward(None).send(&datagram("a")), 1);
    }
}
