//! Images to upload: real ones, and poisoned ones that look like images.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

/// An image with a gradient and a few discs, the same for the same arguments.
///
/// # Panics
/// If `format` is neither PNG nor JPEG, which this crate's build of `image` cannot write.
#[must_use]
pub fn picture(width: u32, height: u32, seed: u64, format: ImageFormat) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    let discs: Vec<_> = (0..5)
        .map(|_| {
            let centre = (random.u32(..width), random.u32(..height));
            (
                centre,
                random.u32(1..=width.min(height) / 4 + 1),
                [random.u8(..), random.u8(..), random.u8(..)],
            )
        })
        .collect();
    let image = RgbImage::from_fn(width, height, |x, y| {
        let inside = |((cx, cy), r, _): &&((u32, u32), u32, [u8; 3])| {
            let (dx, dy) = (u64::from(x.abs_diff(*cx)), u64::from(y.abs_diff(*cy)));
            dx * dx + dy * dy <= u64::from(*r) * u64::from(*r)
        };
        let shade =
            |at: u32, of: u32| u8::try_from(u64::from(at) * 255 / u64::from(of)).unwrap_or(255);
        let sky = [shade(x, width), shade(y, height), 160];
        Rgb(discs
            .iter()
            .find(inside)
            .map_or(sky, |(_, _, colour)| *colour))
    });
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(image)
        .write_to(&mut bytes, format)
        .expect("PNG and JPEG take any RGB image");
    bytes.into_inner()
}

/// Bytes that begin like a PNG and that no decoder takes; three kinds in turn.
#[must_use]
pub fn poisoned(seed: u64) -> Vec<u8> {
    match seed % 3 {
        0 => {
            let mut cut = picture(200, 100, seed, ImageFormat::Png);
            cut.truncate(cut.len() / 2);
            cut
        }
        1 => bomb(60_000, 60_000),
        _ => {
            let mut random = fastrand::Rng::with_seed(seed);
            let noise = std::iter::repeat_with(|| random.u8(..)).take(2_000);
            b"\x89PNG\r\n\x1a\n".iter().copied().chain(noise).collect()
        }
    }
}

/// A PNG whose header promises `width` x `height` pixels in less than 200 bytes.
#[must_use]
pub fn bomb(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = picture(1, 1, 0, ImageFormat::Png);
    // Signature 8, length 4, then "IHDR" with width and height, then the check sum.
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.to_be_bytes());
    bytes
}

/// PNG's check sum, without which the header would be refused before its size is read.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            if sum & 1 == 1 {
                (sum >> 1) ^ 0xedb8_8320
            } else {
                sum >> 1
            }
        })
    })
}
