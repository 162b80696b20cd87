//! The arithmetic between matrix multiplications, each step in one pass and written so that it vectorises.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape};

/// Adds a bias to each row and applies the Gaussian error linear unit.
pub(super) struct BiasGelu {
    pub(super) bias: Vec<f32>,
}

/// Adds a bias and a second input to each row, then brings the row to mean 0 and variance 1, scales and shifts it.
pub(super) struct AddNorm {
    pub(super) bias: Vec<f32>,
    pub(super) scale: Vec<f32>,
    pub(super) shift: Vec<f32>,
    pub(super) epsilon: f32,
}

/// Softmax over the last dimension.
pub(super) struct Softmax;

fn numbers<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let CpuStorage::F32(all) = storage else { candle_core::bail!("single precision is needed") };
    let range = layout.contiguous_offsets().and_then(|(start, end)| all.get(start..end));
    range.map_or_else(|| candle_core::bail!("a contiguous tensor is needed"), Ok)
}

impl CustomOp1 for BiasGelu {
    fn name(&self) -> &'static str {
        "bias-gelu"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let mut out = numbers(storage, layout)?.to_vec();
        for row in out.chunks_exact_mut(self.bias.len()) {
            for (value, bias) in row.iter_mut().zip(&self.bias) {
                *value = gelu(*value + bias);
            }
        }
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }
}

impl CustomOp2 for AddNorm {
    fn name(&self) -> &'static str {
        "add-norm"
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
        other: &CpuStorage,
        other_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let mut out = numbers(storage, layout)?.to_vec();
        let width = self.bias.len();
        for (row, added) in out.chunks_exact_mut(width).zip(numbers(other, other_layout)?.chunks_exact(width))
        {
            for ((value, added), bias) in row.iter_mut().zip(added).zip(&self.bias) {
                *value += added + bias;
            }
            let mean = sum(row, |value| value) / width as f32;
            let variance = sum(row, |value| (value - mean) * (value - mean)) / width as f32;
            let factor = 1.0 / (variance + self.epsilon).sqrt();
            for ((value, scale), shift) in row.iter_mut().zip(&self.scale).zip(&self.shift) {
                *value = (*value - mean) * factor * scale + shift;
            }
        }
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }
}

impl CustomOp1 for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let mut out = numbers(storage, layout)?.to_vec();
        let width = layout.dims().last().copied().unwrap_or(1).max(1);
        for row in out.chunks_exact_mut(width) {
            let highest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            for value in row.iter_mut() {
                *value = exp(*value - highest);
            }
            let factor = 1.0 / sum(row, |value| value);
            for value in row.iter_mut() {
                *value *= factor;
            }
        }
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }
}

/// A sum in eight lanes: a single running total could not be vectorised without changing its result.
fn sum(row: &[f32], part: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0.0; 8];
    let mut chunks = row.chunks_exact(8);
    for chunk in &mut chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += part(*value);
        }
    }
    lanes.iter().sum::<f32>() + chunks.remainder().iter().map(|value| part(*value)).sum::<f32>()
}

/// `x * Φ(x)` with the error function as a quotient of polynomials on ±4 (the minimax fit that XLA uses; off by less
/// than 5e-7).
#[inline]
fn gelu(x: f32) -> f32 {
    const UPPER: [f32; 7] = [
        -2.726_142_3e-10,
        2.770_681_4e-8,
        -2.101_024e-6,
        -5.692_506_4e-5,
        -7.349_906_3e-4,
        -2.954_6e-3,
        -1.609_603_3e-2,
    ];
    const LOWER: [f32; 5] =
        [-1.456_607_2e-5, -2.133_740_6e-4, -1.682_827e-3, -7.373_329_2e-3, -1.426_473_9e-2];
    let scaled = (x * std::f32::consts::FRAC_1_SQRT_2).clamp(-4.0, 4.0);
    let square = scaled * scaled;
    let upper = UPPER.iter().fold(0.0, |sum, factor| sum * square + factor);
    let lower = LOWER.iter().fold(0.0, |sum, factor| sum * square + factor);
    0.5 * x * (1.0 + scaled * upper / lower)
}

/// `e^x` for x at most 0, to 3e-7 of its value: a power of two from the exponent bits times a Taylor polynomial.
#[inline]
fn exp(x: f32) -> f32 {
    /// Adding 1.5 * 2^23 rounds to a whole number and leaves it in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let power = x.max(-87.0) * std::f32::consts::LOG2_E;
    let shifted = power + ROUND;
    let rest = (power - (shifted - ROUND)) * std::f32::consts::LN_2;
    let whole = shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23;
    let series = [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];
    series.iter().fold(0.0, |sum, factor| sum * rest + factor) * f32::from_bits(whole)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use candle_core::{Device, Tensor};

    use super::{AddNorm, BiasGelu, Softmax, exp, gelu};

    #[test]
    fn fast_functions_are_close_to_exact_ones() {
        for step in -9_000_i16..=9_000 {
            let x = f32::from(step) / 1000.0;
            let exact =
                Tensor::new(&[x], &Device::Cpu).unwrap().gelu_erf().unwrap().to_vec1::<f32>().unwrap();
            assert!((gelu(x) - exact.first().unwrap()).abs() < 2e-6, "gelu({x}) = {}", gelu(x));
            let down = -x.abs() * 9.0;
            assert!((exp(down) / down.exp() - 1.0).abs() < 1e-5, "exp({down}) = {}", exp(down));
        }
        assert!(exp(f32::NEG_INFINITY) < 1e-37);
    }

    #[test]
    fn rows_are_treated_one_by_one() {
        let rows = Tensor::new(&[[1.0_f32, 2.0, 3.0], [0.0, 0.0, 300.0]], &Device::Cpu).unwrap();
        let soft = rows.apply_op1_no_bwd(&Softmax).unwrap().to_vec2::<f32>().unwrap().concat();
        for (found, expected) in soft.iter().zip([0.090_03, 0.244_73, 0.665_24, 0.0, 0.0, 1.0]) {
            assert!((found - expected).abs() < 1e-5, "{soft:?}");
        }
        let norm = AddNorm { bias: vec![1.0; 3], scale: vec![2.0; 3], shift: vec![0.5; 3], epsilon: 1e-12 };
        let zero = rows.zeros_like().unwrap();
        let normed = rows.apply_op2_no_bwd(&zero, &norm).unwrap().to_vec2::<f32>().unwrap().concat();
        for (found, expected) in normed.iter().zip([-1.949_49, 0.5, 2.949_49, -0.914_21, -0.914_21, 3.328_43])
        {
            assert!((found - expected).abs() < 1e-4, "{normed:?}");
        }
        let bent = rows.apply_op1_no_bwd(&BiasGelu { bias: vec![0.0, -2.0, -4.0] }).unwrap();
        let bent = bent.to_vec2::<f32>().unwrap().concat();
        assert!((bent.first().unwrap() - 0.841_345).abs() < 1e-5, "{bent:?}");
    }
}
