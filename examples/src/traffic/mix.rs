//! Which requests are sent: a seeded, endless sequence of steps.
//!
//! Pure: the same seed and rate give the same steps; ids that only an answer
//! reveals are filled in when a step is sent.

use std::time::Duration;

use image::ImageFormat;
use serde_json::json;
use uuid::Uuid;

use super::events::{Call, form};
use super::pictures;

/// What one request is meant to do, and so what answer is the right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Intent {
    /// Upload an image; 201.
    Upload,
    /// Upload an image that expires within seconds; 201.
    UploadShortLived,
    /// Upload what looks like an image and is none; 201, and the thumbnail fails later.
    UploadPoisoned,
    /// Ask for a URL and put a document there; 200.
    UploadByUrl,
    /// Download a known file; 200.
    Download,
    /// Download an unknown file; 404.
    DownloadMissing,
    /// List the files; 200.
    List,
    /// Ask for a page that cannot be; 400.
    ListBadly,
    /// Share a known file; 202.
    Share,
}

/// One request to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What it does.
    pub intent: Intent,
    /// A random number, to choose a known file with.
    pub choice: usize,
    /// The request's own correlation id, a UUID.
    pub correlation_id: String,
    /// Number of this step, from 0.
    pub index: u64,
}

/// The sequence.
#[derive(Debug, Clone)]
pub struct Mix {
    random: fastrand::Rng,
    next: u64,
    poison_first: u64,
    poison_every: u64,
}

/// Images made once and sent often; making one takes longer than sending it.
#[derive(Debug, Clone)]
pub struct Album(Vec<(&'static str, &'static str, Vec<u8>)>);

impl Intent {
    /// The function that serves it.
    #[must_use]
    pub fn function(self) -> &'static str {
        match self {
            Self::Upload | Self::UploadShortLived | Self::UploadPoisoned | Self::UploadByUrl => {
                "cloudvault-upload"
            }
            Self::Download | Self::DownloadMissing => "cloudvault-download",
            Self::List | Self::ListBadly => "cloudvault-list",
            Self::Share => "cloudvault-share",
        }
    }

    /// The status of the right answer.
    #[must_use]
    pub fn status(self) -> u64 {
        match self {
            Self::Upload | Self::UploadShortLived | Self::UploadPoisoned => 201,
            Self::UploadByUrl | Self::Download | Self::List => 200,
            Self::Share => 202,
            Self::DownloadMissing => 404,
            Self::ListBadly => 400,
        }
    }

    /// Whether it needs a file that was uploaded before.
    #[must_use]
    pub fn needs_file(self) -> bool {
        matches!(self, Self::Download | Self::Share)
    }
}

impl Mix {
    /// A mix at `rate` requests a second, with a poisoned image after 3 s at
    /// most and then every `poison_every`.
    #[must_use]
    pub fn new(seed: u64, rate: u32, poison_every: Duration) -> Self {
        let every = u128::from(rate) * poison_every.as_millis() / 1_000;
        let every = u64::try_from(every).unwrap_or(u64::MAX).max(1);
        Self {
            random: fastrand::Rng::with_seed(seed),
            next: 0,
            poison_first: every.min(u64::from(rate) * 3),
            poison_every: every,
        }
    }

    fn intent(&mut self) -> Intent {
        let poisoned = self
            .next
            .checked_sub(self.poison_first)
            .is_some_and(|since| since % self.poison_every == 0);
        if poisoned {
            return Intent::UploadPoisoned;
        }
        match self.random.u8(..100) {
            0..30 => Intent::Upload,
            30..36 => Intent::UploadShortLived,
            36..42 => Intent::UploadByUrl,
            42..66 => Intent::Download,
            66..70 => Intent::DownloadMissing,
            70..84 => Intent::List,
            84..87 => Intent::ListBadly,
            _ => Intent::Share,
        }
    }
}

impl Iterator for Mix {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let intent = self.intent();
        let id = uuid::Builder::from_random_bytes(self.random.u128(..).to_be_bytes()).into_uuid();
        let step = Step {
            intent,
            choice: self.random.usize(..),
            correlation_id: id.to_string(),
            index: self.next,
        };
        self.next += 1;
        Some(step)
    }
}

impl Album {
    /// Images of several sizes, both formats.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let sizes = [(640, 480), (480, 640), (900, 300), (200, 200)];
        let page = |(index, (width, height))| {
            let seed = seed.wrapping_add(index);
            let (name, media, format) = match index % 2 {
                0 => ("harbour.png", "image/png", ImageFormat::Png),
                _ => ("market day.jpg", "image/jpeg", ImageFormat::Jpeg),
            };
            (name, media, pictures::picture(width, height, seed, format))
        };
        Self((0..).zip(sizes).map(page).collect())
    }

    fn pick(&self, choice: usize) -> &(&'static str, &'static str, Vec<u8>) {
        &self.0[choice % self.0.len()]
    }
}

/// The document that is put behind a presigned URL.
pub const DOCUMENT: &[u8] = b"%PDF-1.4\n% minutes of the meeting\n%%EOF\n";

/// Begins the file name of every poisoned image, so that its failure is known to be right.
pub const POISONED: &str = "poisoned-";

/// The request of a step; `file` is the id of the known file it is about.
#[must_use]
pub fn call(step: &Step, file: Option<&str>, album: &Album) -> Call {
    let (method, route) = match step.intent.function() {
        "cloudvault-upload" => ("POST", "/files"),
        "cloudvault-list" => ("GET", "/files"),
        "cloudvault-share" => ("POST", "/files/{id}/share"),
        _ => ("GET", "/files/{id}"),
    };
    let names_file = step.intent.needs_file() || step.intent == Intent::DownloadMissing;
    let id = file.map_or_else(|| Uuid::nil().to_string(), str::to_owned);
    Call {
        method,
        route,
        id: names_file.then_some(id),
        query: query(step),
        body: body(step, album),
        correlation_id: step.correlation_id.clone(),
    }
}

fn query(step: &Step) -> Vec<(&'static str, String)> {
    match step.intent {
        Intent::List => vec![("limit", "10".to_owned())],
        Intent::ListBadly => vec![("limit", "lots".to_owned())],
        Intent::Download if step.choice.is_multiple_of(5) => vec![("as", "url".to_owned())],
        _ => Vec::new(),
    }
}

/// Media type and bytes.
fn body(step: &Step, album: &Album) -> Option<(String, Vec<u8>)> {
    let json_body = |value: serde_json::Value| {
        Some((
            "application/json".to_owned(),
            value.to_string().into_bytes(),
        ))
    };
    let (name, media, picture) = album.pick(step.choice);
    match step.intent {
        Intent::Upload => {
            let metadata = json!({"description": format!("picture {}", step.index)});
            Some(form(name, media, picture, &metadata))
        }
        Intent::UploadShortLived => Some(form(
            name,
            media,
            picture,
            &json!({"expires_in_seconds": 6}),
        )),
        Intent::UploadPoisoned => {
            let name = format!("{POISONED}{}.png", step.index);
            Some(form(
                &name,
                "image/png",
                &pictures::poisoned(step.index),
                &json!({}),
            ))
        }
        Intent::UploadByUrl => {
            json_body(json!({"name": "minutes.pdf", "content_type": "application/pdf"}))
        }
        Intent::Share => json_body(json!({"with": "grace@cloudvault.example", "days": 7})),
        Intent::Download | Intent::DownloadMissing | Intent::List | Intent::ListBadly => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_steps() {
        let steps = |seed| {
            Mix::new(seed, 5, Duration::from_secs(12))
                .take(500)
                .collect::<Vec<_>>()
        };
        assert_eq!(steps(1), steps(1));
        assert_ne!(steps(1), steps(2));
    }

    #[test]
    fn poison_comes_after_three_seconds_and_then_now_and_then() {
        let poisoned: Vec<_> = Mix::new(1, 5, Duration::from_secs(12))
            .take(200)
            .filter(|step| step.intent == Intent::UploadPoisoned)
            .map(|step| step.index)
            .collect();
        assert_eq!(poisoned, [15, 75, 135, 195]);
    }
}
