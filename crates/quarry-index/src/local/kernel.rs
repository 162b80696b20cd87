//! The two loops that a search spends its time in: products of vectors and distances of signatures.
//!
//! The build targets the oldest processors of its family, so the wider instructions are chosen when the program
//! runs.

// Reason: functions for wider instruction sets can only be called unsafely; each call follows a check that the
// processor has them, and loads stay inside the slices' whole blocks.
#![allow(unsafe_code)]

use std::sync::OnceLock;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Plain,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Count {
    Plain,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// The instructions that this processor offers.
#[derive(Clone, Copy, Debug)]
pub struct Kernel {
    dot: Level,
    count: Count,
}

impl Kernel {
    /// Looks at the processor once.
    pub fn get() -> Self {
        static KERNEL: OnceLock<Kernel> = OnceLock::new();
        *KERNEL.get_or_init(Self::look)
    }

    fn look() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt");
            let avx512 = avx2
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl");
            let counts = avx512 && is_x86_feature_detected!("avx512vpopcntdq");
            let dot = match (avx512, avx2) {
                (true, _) => Level::Avx512,
                (false, true) => Level::Avx2,
                (false, false) => Level::Plain,
            };
            let count = match (counts, avx2) {
                (true, _) => Count::Avx512,
                (false, true) => Count::Avx2,
                (false, false) => Count::Plain,
            };
            Self { dot, count }
        }
        #[cfg(not(target_arch = "x86_64"))]
        Self { dot: Level::Plain, count: Count::Plain }
    }

    /// The sum of products of a question's numbers and a stored vector's (signed bytes). Exact: the question is
    /// scaled so that no sum overflows (see [`super::dense::Query`]).
    #[inline]
    pub fn dot(self, query: &[i16], stored: &[u8]) -> i32 {
        match self.dot {
            Level::Plain => dot_plain(query, stored),
            // Safety: the level says that the processor has these instructions.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { dot_avx2(query, stored) },
            // Safety: as above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { dot_avx512(query, stored) },
        }
    }

    /// How far each code is from the question's: groups of [`LANES`] codes as [`super::screen`] lays them out.
    pub fn distances(self, query: &[Planes], groups: &[u64], into: &mut Vec<u16>) {
        into.reserve(groups.len() / (2 * query.len()).max(1));
        match self.count {
            Count::Plain => distances_any(query, groups, into),
            // Safety: each was chosen only with these instructions present.
            #[cfg(target_arch = "x86_64")]
            Count::Avx2 => unsafe { distances_avx2(query, groups, into) },
            // Safety: as above.
            #[cfg(target_arch = "x86_64")]
            Count::Avx512 => unsafe { distances_avx512(query, groups, into) },
        }
    }
}

#[inline]
fn dot_plain(query: &[i16], stored: &[u8]) -> i32 {
    query.iter().zip(stored).map(|(&left, &right)| i32::from(left) * i32::from(right as i8)).sum()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn dot_avx2(query: &[i16], stored: &[u8]) -> i32 {
    use std::arch::x86_64::{
        __m128i, __m256i, _mm_add_epi32, _mm_cvtsi128_si32, _mm_loadu_si128, _mm_shuffle_epi32,
        _mm256_add_epi32, _mm256_castsi256_si128, _mm256_cvtepi8_epi16, _mm256_extracti128_si256,
        _mm256_loadu_si256, _mm256_madd_epi16, _mm256_setzero_si256,
    };
    let (queries, query_rest) = query.as_chunks::<16>();
    let (storeds, stored_rest) = stored.as_chunks::<16>();
    let mut sum = _mm256_setzero_si256();
    for (left, right) in queries.iter().zip(storeds) {
        // Safety: unaligned loads of 32 and 16 bytes from arrays of exactly that size.
        let (left, right) = unsafe {
            (
                _mm256_loadu_si256(left.as_ptr().cast::<__m256i>()),
                _mm_loadu_si128(right.as_ptr().cast::<__m128i>()),
            )
        };
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(left, _mm256_cvtepi8_epi16(right)));
    }
    let half = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256::<1>(sum));
    let quarter = _mm_add_epi32(half, _mm_shuffle_epi32::<0b00_00_11_10>(half));
    let total = _mm_add_epi32(quarter, _mm_shuffle_epi32::<0b00_00_00_01>(quarter));
    _mm_cvtsi128_si32(total) + dot_plain(query_rest, stored_rest)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw")]
fn dot_avx512(query: &[i16], stored: &[u8]) -> i32 {
    use std::arch::x86_64::{
        __m256i, __m512i, _mm256_loadu_si256, _mm512_add_epi32, _mm512_cvtepi8_epi16, _mm512_loadu_si512,
        _mm512_madd_epi16, _mm512_reduce_add_epi32, _mm512_setzero_si512,
    };
    let (queries, query_rest) = query.as_chunks::<32>();
    let (storeds, stored_rest) = stored.as_chunks::<32>();
    let mut sum = _mm512_setzero_si512();
    for (left, right) in queries.iter().zip(storeds) {
        // Safety: unaligned loads of 64 and 32 bytes from arrays of exactly that size.
        let (left, right) = unsafe {
            (
                _mm512_loadu_si512(left.as_ptr().cast::<__m512i>()),
                _mm256_loadu_si256(right.as_ptr().cast::<__m256i>()),
            )
        };
        sum = _mm512_add_epi32(sum, _mm512_madd_epi16(left, _mm512_cvtepi8_epi16(right)));
    }
    _mm512_reduce_add_epi32(sum) + dot_plain(query_rest, stored_rest)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt")]
fn distances_avx2(query: &[Planes], groups: &[u64], into: &mut Vec<u16>) {
    distances_any(query, groups, into);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vpopcntdq")]
fn distances_avx512(query: &[Planes], groups: &[u64], into: &mut Vec<u16>) {
    use std::arch::x86_64::{
        __m512i, _mm_storeu_si128, _mm512_add_epi64, _mm512_cvtepi64_epi16, _mm512_loadu_si512,
        _mm512_popcnt_epi64, _mm512_set1_epi64, _mm512_setzero_si512, _mm512_slli_epi64, _mm512_xor_si512,
    };
    let size = query.len() * 2 * LANES;
    for group in groups.chunks_exact(size.max(1)) {
        let (lanes, _) = group.as_chunks::<LANES>();
        let (pairs, _) = lanes.as_chunks::<2>();
        let (mut fours, mut twos, mut ones) =
            (_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512());
        for (&(high, low), [highs, lows]) in query.iter().zip(pairs) {
            // Safety: unaligned loads of 64 bytes from arrays of eight words.
            let (highs, lows) = unsafe {
                (
                    _mm512_loadu_si512(highs.as_ptr().cast::<__m512i>()),
                    _mm512_loadu_si512(lows.as_ptr().cast::<__m512i>()),
                )
            };
            let (high, low) = (_mm512_set1_epi64(high as i64), _mm512_set1_epi64(low as i64));
            let differ = |left, right| _mm512_popcnt_epi64(_mm512_xor_si512(left, right));
            fours = _mm512_add_epi64(fours, differ(high, highs));
            twos = _mm512_add_epi64(twos, _mm512_add_epi64(differ(high, lows), differ(low, highs)));
            ones = _mm512_add_epi64(ones, differ(low, lows));
        }
        let sum = _mm512_add_epi64(
            _mm512_add_epi64(_mm512_slli_epi64::<2>(fours), _mm512_slli_epi64::<1>(twos)),
            ones,
        );
        let mut distances = [0_u16; LANES];
        // Safety: eight numbers of two bytes are the sixteen that are stored.
        unsafe { _mm_storeu_si128(distances.as_mut_ptr().cast(), _mm512_cvtepi64_epi16(sum)) };
        into.extend_from_slice(&distances);
    }
}

/// Codes that are compared side by side, one in each lane of a register.
pub const LANES: usize = 8;

/// Sixty-four two-bit numbers: their high bits and their low bits.
pub type Planes = (u64, u64);

// Inlined into its callers, so that each compiles it for its own instructions.
//
// A number is 2h + l with h and l either 1 or -1, so a product of two is 4hh' + 2hl' + 2lh' + ll', and each of the
// four sums of products falls by two for every bit that differs.
#[inline(always)]
fn distances_any(query: &[Planes], groups: &[u64], into: &mut Vec<u16>) {
    let size = query.len() * 2 * LANES;
    for group in groups.chunks_exact(size.max(1)) {
        let mut sums = [0_u64; LANES];
        let (lanes, _) = group.as_chunks::<LANES>();
        let (pairs, _) = lanes.as_chunks::<2>();
        for (&(high, low), [highs, lows]) in query.iter().zip(pairs) {
            for ((sum, &other_high), &other_low) in sums.iter_mut().zip(highs).zip(lows) {
                let both = u64::from((high ^ other_high).count_ones());
                let mixed =
                    u64::from((high ^ other_low).count_ones()) + u64::from((low ^ other_high).count_ones());
                *sum += 4 * both + 2 * mixed + u64::from((low ^ other_low).count_ones());
            }
        }
        into.extend(sums.map(|sum| sum as u16));
    }
}

/// The two-bit code of up to 64 numbers: bits of the sign, and of the size against `limit`. A high bit stands for
/// -2, a low bit for -1, their absence for 2 and 1; so large numbers are 3 and -3, small ones 1 and -1.
pub fn planes(numbers: &[u8], limit: u8) -> Planes {
    let (mut negative, mut large) = ([0_u8; 64], [0_u8; 64]);
    for ((number, negative), large) in numbers.iter().zip(&mut negative).zip(&mut large) {
        *negative = number >> 7;
        *large = u8::from((*number as i8).unsigned_abs() > limit);
    }
    let mask = if numbers.len() >= 64 { u64::MAX } else { (1 << numbers.len()) - 1 };
    let (negative, large) = (gather(&negative), gather(&large));
    (negative & mask, !(large ^ negative) & mask)
}

/// The lowest bit of each byte.
fn gather(bytes: &[u8; 64]) -> u64 {
    let (words, _) = bytes.as_chunks::<8>();
    // The product moves the bytes' lowest bits next to each other, in the order of the bytes.
    words.iter().enumerate().fold(0, |bits, (place, word)| {
        bits | (u64::from_le_bytes(*word).wrapping_mul(0x0102_0408_1020_4080) >> 56) << (place * 8)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]

    use super::{Count, Kernel, LANES, Level, Planes, distances_any, dot_plain, planes};

    fn numbers() -> impl FnMut() -> u32 {
        let mut state = 7_u32;
        move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 16
        }
    }

    fn every() -> Vec<Kernel> {
        let mut kernels = vec![Kernel { dot: Level::Plain, count: Count::Plain }, Kernel::get()];
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt") {
            kernels.push(Kernel { dot: Level::Avx2, count: Count::Avx2 });
        }
        kernels
    }

    #[test]
    fn every_level_agrees_with_the_plain_loop() {
        let mut next = numbers();
        for length in [1, 15, 16, 31, 32, 33, 256, 384, 1_000] {
            let query: Vec<i16> = (0..length).map(|_| (next() % 2_000) as i16 - 1_000).collect();
            let stored: Vec<u8> = (0..length).map(|_| (next() % 255) as u8).collect();
            for kernel in every() {
                assert_eq!(kernel.dot(&query, &stored), dot_plain(&query, &stored), "{length} {kernel:?}");
            }
        }
        let query: Vec<Planes> = (0..4).map(|_| (u64::from(next()) << 20, u64::from(next()))).collect();
        let groups: Vec<u64> =
            (0..4 * 2 * LANES * 5).map(|_| u64::from(next()) << 13 ^ u64::from(next())).collect();
        let mut expected = Vec::new();
        distances_any(&query, &groups, &mut expected);
        for kernel in every() {
            let mut found = Vec::new();
            kernel.distances(&query, &groups, &mut found);
            assert_eq!(found, expected, "{kernel:?}");
        }
    }

    #[test]
    fn distances_fall_as_products_of_codes_rise() {
        let mut next = numbers();
        let level = |number: u8| {
            let size = if (number as i8).unsigned_abs() > 40 { 3 } else { 1 };
            if number >> 7 == 1 { -size } else { size }
        };
        for dimension in [8_usize, 64, 100, 256] {
            let words = dimension.div_ceil(64);
            let vectors: Vec<Vec<u8>> =
                (0..LANES).map(|_| (0..dimension).map(|_| (next() % 255) as u8).collect()).collect();
            let codes: Vec<Vec<Planes>> = vectors
                .iter()
                .map(|vector| vector.chunks(64).map(|part| planes(part, 40)).collect())
                .collect();
            let mut group = Vec::new();
            for word in 0..words {
                group.extend(codes.iter().map(|code| code[word].0));
                group.extend(codes.iter().map(|code| code[word].1));
            }
            let mut found = Vec::new();
            Kernel::get().distances(&codes[0], &group, &mut found);
            let expected: Vec<u16> = vectors
                .iter()
                .map(|vector| {
                    let product: i32 =
                        vector.iter().zip(&vectors[0]).map(|(a, b)| level(*a) * level(*b)).sum();
                    ((9 * dimension as i32 - product) / 2) as u16
                })
                .collect();
            assert_eq!(found, expected, "{dimension}");
        }
    }
}
