//! The metrics the functions record, in one place so that names and units
//! cannot drift apart between functions.
//!
//! Each increment of a counter stands beside exactly one log line, so that
//! counts taken from the logs and from CloudWatch can be compared:
//!
//! | log line | metric | value |
//! |---|---|---|
//! | `file uploaded` | `FilesUploaded`, `BytesUploaded` | 1, field `bytes` |
//! | `file downloaded` | `FilesDownloaded`, `BytesDownloaded` | 1, field `bytes` |
//! | `files listed` | `FilesListed` | field `files` |
//! | `share created` | `SharesCreated` | 1 |
//! | `thumbnail created` | `ThumbnailsCreated`, `ThumbnailMilliseconds` | 1, field `milliseconds` |
//! | `thumbnail failed` | `ThumbnailsFailed` | 1 |
//! | `file expired` | `FilesExpired` | 1 |
//! | `store measured` | `StoredBytes` | field `bytes` |

use std::sync::Once;

use metrics::Unit;

/// Says once for each process what the metrics mean and how finely they are stored.
///
/// Handlers call it first thing: by then a recorder is installed, and nothing
/// has been recorded yet.
pub fn describe() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An alarm waits for this one, so it is stored by the second.
        obs::metric::high_resolution("ThumbnailsFailed");
        let counters = [
            ("FilesUploaded", "files stored by upload"),
            ("FilesDownloaded", "files handed out by download"),
            ("FilesListed", "files named in a listing"),
            ("SharesCreated", "share messages put on the queue"),
            ("ThumbnailsCreated", "thumbnails stored"),
            (
                "ThumbnailsFailed",
                "images that could not be made a thumbnail of",
            ),
            ("FilesExpired", "files deleted by cleanup"),
        ];
        for (name, help) in counters {
            metrics::describe_counter!(name, Unit::Count, help);
        }
        metrics::describe_histogram!("BytesUploaded", Unit::Bytes, "size of each stored file");
        metrics::describe_histogram!(
            "BytesDownloaded",
            Unit::Bytes,
            "size of each file handed out"
        );
        metrics::describe_histogram!(
            "ThumbnailMilliseconds",
            Unit::Milliseconds,
            "time to decode and scale one image"
        );
        metrics::describe_gauge!(
            "StoredBytes",
            Unit::Bytes,
            "size of all stored files after a cleanup"
        );
    });
}

/// A size as a metric's value.
#[must_use]
pub fn bytes(size: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "sizes stay far below 2^53")]
    let value = size as f64;
    value
}
