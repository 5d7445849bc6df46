//! The well-known metric names: every custom metric that the shipped functions
//! record and that `dashboards/` and `alarms/` may name.

pub mod platform;
pub mod extension;

use crate::metric::{Resolution, Unit};

/// One well-known metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WellKnown {
    /// Name as it stands in CloudWatch.
    pub name: &'static str,
    /// Unit of its values.
    pub unit: Unit,
    /// How finely it is stored.
    pub resolution: Resolution,
    /// What one datapoint tells.
    pub help: &'static str,
}

const fn standard(name: &'static str, unit: Unit, help: &'static str) -> WellKnown {
    WellKnown {
        name,
        unit,
        resolution: Resolution::Standard,
        help,
    }
}

/// The metrics of CloudVault's six functions, in namespace `CloudVault` with
/// dimension `service`.
pub const CLOUDVAULT: &[WellKnown] = &[
    standard("FilesUploaded", Unit::Count, "files stored by upload"),
    standard("BytesUploaded", Unit::Bytes, "size of each stored file"),
    standard(
        "FilesDownloaded",
        Unit::Count,
        "files handed out by download",
    ),
    standard(
        "BytesDownloaded",
        Unit::Bytes,
        "size of each file handed out",
    ),
    standard("FilesListed", Unit::Count, "files named in a listing"),
    standard(
        "SharesCreated",
        Unit::Count,
        "share messages put on the queue",
    ),
    standard("ThumbnailsCreated", Unit::Count, "thumbnails stored"),
    WellKnown {
        name: "ThumbnailsFailed",
        unit: Unit::Count,
        resolution: Resolution::High,
        help: "images that could not be made a thumbnail of",
    },
    standard(
        "ThumbnailMilliseconds",
        Unit::Milliseconds,
        "time to decode and scale one image",
    ),
    standard("FilesExpired", Unit::Count, "files deleted by cleanup"),
    standard(
        "StoredBytes",
        Unit::Bytes,
        "size of all stored files after a cleanup",
    ),
];

/// Every well-known metric.
pub fn all() -> impl Iterator<Item = &'static WellKnown> {
    CLOUDVAULT.iter().chain(platform::ALL).chain(extension::ALL)
}

/// Looks a well-known metric up by its name.
#[must_use]
pub fn find(name: &str) -> Option<&'static WellKnown> {
    all().find(|known| known.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        for (index, known) in all().enumerate() {
            assert_eq!(find(known.name), Some(known));
            assert!(all().take(index).all(|other| other.name != known.name));
        }
        assert_eq!(find("FilesUplaoded"), None);
    }
}
