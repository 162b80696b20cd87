//! The dense leg: the nearest vectors, exactly, through the screen, or through the graph.

use super::{
    bits::Bits,
    graph::Graph,
    kernel::{Kernel, Planes},
    screen,
    snapshot::Snapshot,
    top::Top,
};
use crate::settings::IndexSettings;

/// A question's vector in the forms that the comparisons want.
///
/// Its numbers are scaled so that the vector's norm is 16,384: with stored numbers of at most seven bits no sum of
/// products leaves 32 bits for vectors of up to a million numbers, and rounding costs less than 1e-4 of a cosine.
pub struct Query {
    numbers: Vec<i16>,
    factor: f32,
    code: Vec<Planes>,
    kernel: Kernel,
}

const NORM: f32 = 16_384.0;

impl Query {
    /// `None` for a vector without direction.
    pub fn new(vector: &[f32]) -> Option<Self> {
        let norm = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
        if !norm.is_normal() {
            return None;
        }
        let numbers: Vec<i16> = vector.iter().map(|number| (number / norm * NORM).round() as i16).collect();
        let mut query = Self { numbers, factor: 1.0 / NORM, code: Vec::new(), kernel: Kernel::get() };
        let bytes: Vec<u8> = query.bytes().into_iter().map(|number| number as u8).collect();
        let square: f32 = bytes.iter().map(|&byte| f32::from(byte as i8).powi(2)).sum();
        query.code = screen::code(&bytes, square.sqrt()).collect();
        Some(query)
    }

    /// The numbers as signed bytes, for the graph.
    pub fn bytes(&self) -> Vec<i8> {
        let largest = self.numbers.iter().map(|number| number.unsigned_abs()).max().unwrap_or(1).max(1);
        let scale = 127.0 / f32::from(largest);
        self.numbers.iter().map(|&number| (f32::from(number) * scale).round() as i8).collect()
    }

    /// The cosine with a slot's vector; 0 without one.
    #[inline]
    pub fn cosine(&self, snapshot: &Snapshot, slot: u32) -> f32 {
        snapshot.forward.vector(slot).map_or(0.0, |(inverse, numbers)| {
            self.kernel.dot(&self.numbers, numbers) as f32 * self.factor * inverse
        })
    }
}

/// The `depth` nearest of the allowed slots with vectors: cosine and slot, best first.
pub fn search(
    (snapshot, graph): (&Snapshot, Option<&Graph>),
    settings: &IndexSettings,
    query: &Query,
    allowed: &Bits,
    depth: usize,
) -> Vec<(f32, u32)> {
    if depth == 0 {
        return Vec::new();
    }
    let count = allowed.count();
    let mut top = Top::new(depth);
    let push = |slot: u32, top: &mut Top| top.push(query.cosine(snapshot, slot), slot);
    if count <= settings.screen_from || snapshot.screen.is_empty() {
        allowed.for_each(|slot| push(slot, &mut top));
        return top.into_sorted();
    }
    let want = depth.saturating_mul(settings.screen_factor.max(1)).max(1_024);
    // A filter that leaves little makes a graph walk far; the screen does not mind.
    let graph = graph.filter(|_| count >= settings.hnsw_from.max(1) && count * 4 >= snapshot.vectors);
    if let Some(graph) = graph.filter(|graph| graph.files() == snapshot.lengths().files)
        && let Some(slots) = graph.search(&query.bytes(), depth.saturating_mul(2), allowed)
    {
        slots.into_iter().for_each(|slot| push(slot, &mut top));
        let mut newer = allowed.clone();
        newer.clear_below(graph.slots());
        if newer.count() <= settings.screen_from {
            newer.for_each(|slot| push(slot, &mut top));
        } else {
            snapshot
                .screen
                .nearest(&query.code, &newer, want)
                .into_iter()
                .for_each(|slot| push(slot, &mut top));
        }
        return top.into_sorted();
    }
    snapshot.screen.nearest(&query.code, allowed, want).into_iter().for_each(|slot| push(slot, &mut top));
    top.into_sorted()
}
