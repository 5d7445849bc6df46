//! A running account whose clock stands still.

use std::sync::Arc;

use obs_dev::{Dev, ManualClock, Options};

/// 2026-11-23T05:00:00Z
pub(crate) const NOW_MS: i64 = 1_795_410_000_000;

/// The account, its clock and its folder.
pub(crate) struct Running {
    pub(crate) dev: Dev,
    pub(crate) clock: Arc<ManualClock>,
    data: tempfile::TempDir,
}

impl Running {
    /// An account that is new.
    pub(crate) async fn start() -> Running {
        let data = tempfile::tempdir().unwrap();
        Running::over(data, Arc::new(ManualClock::at(NOW_MS))).await
    }

    /// The same account, ended and begun again.
    pub(crate) async fn restart(self) -> Running {
        self.dev.stop().await;
        Running::over(self.data, self.clock).await
    }

    async fn over(data: tempfile::TempDir, clock: Arc<ManualClock>) -> Running {
        let options = Options {
            listen: "127.0.0.1:0".parse().unwrap(),
            ..Options::new(data.path())
        };
        let dev = Dev::start_at(options, clock.clone()).await.unwrap();
        Running { dev, clock, data }
    }
}
