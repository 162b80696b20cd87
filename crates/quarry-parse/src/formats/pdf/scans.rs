//! Pages that are pictures: the pictures, for whoever can recognise text in them.

use pdf_oxide::{
    PdfDocument,
    extractors::{
        ImageData, PdfImage, PixelFormat,
        images::{ColorSpace, PdfImageHandle},
    },
};

use crate::{Limits, Scan, error::page_list};

/// The pictures of the pages without text, as many as the limits allow.
pub(super) struct Scans<'a> {
    limits: &'a Limits,
    bytes: u64,
    pub found: Vec<Scan>,
    left_out: Vec<u32>,
    unreadable: Vec<u32>,
}

impl<'a> Scans<'a> {
    pub fn new(limits: &'a Limits) -> Self {
        Self { limits, bytes: 0, found: Vec::new(), left_out: Vec::new(), unreadable: Vec::new() }
    }

    /// Takes the pictures of a page without text.
    pub fn add(&mut self, document: &PdfDocument, index: usize) {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let pictures = document.page_image_handles(index).map(largest).unwrap_or_default();
        let turn = document.get_page_rotation(index).unwrap_or(0);
        for picture in pictures {
            // Decoding costs far more than leaving out, so the limits come first.
            let full = self.found.len() >= self.limits.scans || self.bytes >= self.limits.scan_bytes;
            let scan = if full { None } else { Some(take(&picture, turn)) };
            match scan {
                None => self.left_out.push(number),
                Some(None) => self.unreadable.push(number),
                Some(Some((media_type, image))) => {
                    if self.bytes + image.len() as u64 > self.limits.scan_bytes {
                        self.left_out.push(number);
                        continue;
                    }
                    self.bytes += image.len() as u64;
                    self.found.push(Scan { page: Some(number), media_type: media_type.to_owned(), image });
                }
            }
        }
    }

    /// What could not be taken, as sentences.
    pub fn warnings(&mut self) -> Vec<String> {
        let mut warnings = Vec::new();
        self.left_out.dedup();
        self.unreadable.dedup();
        if !self.left_out.is_empty() {
            let pages = page_list(&self.left_out);
            warnings.push(format!("the pictures of {pages} were left out: more than are kept"));
        }
        if !self.unreadable.is_empty() {
            let pages = page_list(&self.unreadable);
            warnings.push(format!("the pictures of {pages} need OCR and could not be taken out of the file"));
        }
        warnings
    }
}

/// The pictures that cover a page: mostly one; strips of one where a scanner wrote strips, from the top. Of pictures
/// that lie on each other, as with text and background kept apart, the sharpest.
fn largest(mut pictures: Vec<PdfImageHandle<'_>>) -> Vec<PdfImageHandle<'_>> {
    // Bullets, logos and lines are no text.
    const SMALLEST: f32 = 0.02;
    pictures.sort_by_key(|picture| std::cmp::Reverse(u64::from(picture.width) * u64::from(picture.height)));
    let area = |picture: &PdfImageHandle<'_>| (picture.bbox.width * picture.bbox.height).abs();
    let mut kept: Vec<PdfImageHandle<'_>> = Vec::new();
    for picture in pictures {
        let covered = kept.iter().any(|other| overlap(&picture, other) > area(&picture) * 0.2);
        let all: f32 = kept.iter().map(area).sum();
        if kept.is_empty() || (!covered && area(&picture) > all * SMALLEST) {
            kept.push(picture);
        }
    }
    kept.sort_by(|a, b| b.bbox.y.total_cmp(&a.bbox.y));
    kept
}

fn overlap(a: &PdfImageHandle<'_>, b: &PdfImageHandle<'_>) -> f32 {
    let side =
        |a: f32, a_length: f32, b: f32, b_length: f32| ((a + a_length).min(b + b_length) - a.max(b)).max(0.0);
    side(a.bbox.x, a.bbox.width, b.bbox.x, b.bbox.width)
        * side(a.bbox.y, a.bbox.height, b.bbox.y, b.bbox.height)
}

/// A picture as JPEG where it is one and stands upright, as grey PNG otherwise; nothing where it cannot be decoded.
fn take(picture: &PdfImageHandle<'_>, page_turn: i32) -> Option<(&'static str, Vec<u8>)> {
    // A page of A2 at 600 points an inch. More is an attack, or nothing that OCR would finish.
    const MOST_PIXELS: u64 = 150_000_000;
    if u64::from(picture.width) * u64::from(picture.height) > MOST_PIXELS {
        return None;
    }
    let image = picture.decode().ok()?;
    let quarters = (page_turn - picture.rotation_degrees.round() as i32).rem_euclid(360) / 90;
    match image.data() {
        ImageData::Jpeg(bytes) if quarters == 0 && image.color_space().components() < 4 => {
            Some(("image/jpeg", bytes.clone()))
        }
        _ => Some(("image/png", grey(&image, quarters)?)),
    }
}

/// Letters need no colours, and a picture without them is a third.
fn grey(image: &PdfImage, quarters: i32) -> Option<Vec<u8>> {
    let picture = image.to_dynamic_image().ok()?;
    let picture = match quarters {
        1 => picture.rotate90(),
        2 => picture.rotate180(),
        3 => picture.rotate270(),
        _ => picture,
    };
    let (width, height) = (picture.width(), picture.height());
    let data = ImageData::Raw { pixels: picture.to_luma8().into_raw(), format: PixelFormat::Grayscale };
    PdfImage::new(width, height, ColorSpace::DeviceGray, 8, data).to_png_bytes().ok()
}
