//! Vectors at rest: one `f32` scale, then a signed byte a number.
//!
//! The database keeps this form too, so a shard rebuilt from it is bit for bit the one that was lost.

/// Encodes a vector: 4 bytes of scale (little-endian), then one signed byte a number. `None` for the zero vector,
/// which is close to nothing and must not be found.
#[must_use]
pub fn encode(vector: &[f32]) -> Option<Vec<u8>> {
    let largest = vector.iter().fold(0.0_f32, |most, number| most.max(number.abs()));
    if !(largest.is_normal()) {
        return None;
    }
    let scale = largest / 127.0;
    let mut bytes = Vec::with_capacity(4 + vector.len());
    bytes.extend_from_slice(&scale.to_le_bytes());
    bytes.extend(vector.iter().map(|number| (number / scale).round().clamp(-127.0, 127.0) as i8 as u8));
    Some(bytes)
}

/// The numbers of an encoded vector.
#[must_use]
pub fn decode(bytes: &[u8]) -> Vec<f32> {
    let Some((scale, numbers)) = bytes.split_first_chunk::<4>() else { return Vec::new() };
    let scale = f32::from_le_bytes(*scale);
    numbers.iter().map(|&number| f32::from(number as i8) * scale).collect()
}

/// Numbers in an encoded vector.
#[must_use]
pub const fn dimension(bytes: &[u8]) -> usize {
    bytes.len().saturating_sub(4)
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn encoding_keeps_the_direction() {
        let vector: Vec<f32> = (0..256).map(|i| ((i * 37 % 101) as f32 - 50.0) / 500.0).collect();
        let back = decode(&encode(&vector).unwrap());
        let dot: f32 = vector.iter().zip(&back).map(|(a, b)| a * b).sum();
        let norm = |v: &[f32]| v.iter().map(|x| x * x).sum::<f32>().sqrt();
        assert!(dot / norm(&vector) / norm(&back) > 0.9999);
        assert!(encode(&[0.0; 8]).is_none());
    }
}
