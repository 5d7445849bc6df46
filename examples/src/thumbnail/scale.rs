//! Bytes of an image to bytes of its thumbnail, within bounds.
//!
//! An image comes from outside, and a few kilobytes may unpack to gigabytes
//! (a decompression bomb). So the header is read first: nothing is decoded
//! whose pixels would take more than [`MAX_DECODED_BYTES`].

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

/// A thumbnail fits into a square of this many pixels.
pub const EDGE: u32 = 256;

/// The widest and highest image that is decoded, in pixels.
pub const MAX_SIDE: u32 = 8_192;

/// The most memory the decoded pixels may take.
pub const MAX_DECODED_BYTES: u64 = 64 << 20;

/// The image is poisoned: it will fail however often it is tried.
#[derive(Debug, thiserror::Error)]
pub enum ScaleError {
    /// Larger than the bounds, told by its header.
    #[error("scale the image: {width} x {height} pixels are above the limit")]
    Oversize {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// No PNG or JPEG, or a damaged one.
    #[error("decode the image: {0}")]
    Undecodable(#[from] ImageError),
}

/// Decodes a PNG or JPEG and gives its thumbnail as PNG.
///
/// # Errors
/// [`ScaleError`] for what is no image, damaged, or above the bounds.
pub fn thumbnail(bytes: &[u8]) -> Result<Vec<u8>, ScaleError> {
    let image = decode(bytes)?;
    // A small image keeps its size: nobody gains by a blurred larger one.
    let small = image.width() <= EDGE && image.height() <= EDGE;
    let scaled = if small {
        image
    } else {
        image.thumbnail(EDGE, EDGE)
    };
    let mut png = Vec::new();
    scaled.write_to(&mut Cursor::new(&mut png), ImageFormat::Png)?;
    Ok(png)
}

fn decode(bytes: &[u8]) -> Result<DynamicImage, ScaleError> {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(ImageError::IoError)?;
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    // The side limits are ours to check: the decoders' own message has no size in it.
    if width > MAX_SIDE || height > MAX_SIDE || decoder.total_bytes() > MAX_DECODED_BYTES {
        return Err(ScaleError::Oversize { width, height });
    }
    decoder.set_limits(limits)?;
    Ok(DynamicImage::from_decoder(decoder)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::pictures;

    fn size(png: &[u8]) -> (u32, u32) {
        let image = image::load_from_memory(png).unwrap();
        (image.width(), image.height())
    }

    #[test]
    fn a_thumbnail_fits_the_square_and_keeps_the_shape() {
        let check = |width, height, expect| {
            for format in [ImageFormat::Png, ImageFormat::Jpeg] {
                let picture = pictures::picture(width, height, 7, format);
                assert_eq!(
                    size(&thumbnail(&picture).unwrap()),
                    expect,
                    "{width}x{height} {format:?}"
                );
            }
        };
        check(1024, 512, (256, 128));
        check(300, 600, (128, 256));
        check(256, 256, (256, 256));
        check(40, 30, (40, 30));
        check(1, 1, (1, 1));
        check(2000, 1, (256, 1));
    }

    #[test]
    fn what_is_no_image_is_undecodable() {
        let good = pictures::picture(64, 64, 1, ImageFormat::Png);
        let half = &good[..good.len() / 2];
        for bytes in [
            &b""[..],
            b"hello",
            b"\x89PNG\r\n\x1a\n",
            b"\xff\xd8\xff",
            b"GIF89a",
            half,
        ] {
            assert!(
                matches!(thumbnail(bytes), Err(ScaleError::Undecodable(_))),
                "{bytes:?}"
            );
        }
        assert!(thumbnail(&pictures::poisoned(3)).is_err());
    }

    #[test]
    fn a_bomb_is_refused_by_its_header() {
        let check = |width, height| {
            let bomb = pictures::bomb(width, height);
            assert!(bomb.len() < 200, "{} bytes", bomb.len());
            let refused = thumbnail(&bomb);
            assert!(
                matches!(refused, Err(ScaleError::Oversize { .. })),
                "{refused:?}"
            );
        };
        check(50_000, 50_000);
        check(MAX_SIDE + 1, 1);
        check(MAX_SIDE, MAX_SIDE);
    }
}
