//! A set of slots as bits.

/// One bit a slot.
#[derive(Clone, Debug, Default)]
pub struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// An empty set with room for `slots`.
    pub fn new(slots: usize) -> Self {
        Self { words: vec![0; slots.div_ceil(64)] }
    }

    /// Puts a slot in; slots beyond the room are ignored.
    #[inline]
    pub fn insert(&mut self, slot: u32) {
        if let Some(word) = self.words.get_mut(slot as usize / 64) {
            *word |= 1 << (slot % 64);
        }
    }

    /// Whether the slot is in the set.
    #[inline]
    pub fn contains(&self, slot: u32) -> bool {
        self.words.get(slot as usize / 64).is_some_and(|word| word >> (slot % 64) & 1 == 1)
    }

    /// How many slots are in the set.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Leaves only slots that `other` has too.
    pub fn keep(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(other.words.iter().chain(std::iter::repeat(&0))) {
            *word &= other;
        }
    }

    /// Removes all slots below `slot`.
    pub fn clear_below(&mut self, slot: u32) {
        let whole = slot as usize / 64;
        for word in self.words.iter_mut().take(whole) {
            *word = 0;
        }
        if let Some(word) = self.words.get_mut(whole) {
            *word &= u64::MAX << (slot % 64);
        }
    }

    /// The words, 64 slots each, the lowest bit first.
    pub fn words(&self) -> impl Iterator<Item = u64> {
        self.words.iter().copied()
    }

    /// Calls `visit` with each slot, in order.
    #[inline]
    pub fn for_each(&self, visit: impl FnMut(u32)) {
        self.for_each_in(0, self.words.len(), visit);
    }

    /// The same for the slots of some words (64 slots a word).
    #[inline]
    pub fn for_each_in(&self, first: usize, words: usize, mut visit: impl FnMut(u32)) {
        for (place, &word) in self.words.iter().enumerate().skip(first).take(words) {
            let base = place as u32 * 64;
            if word == u64::MAX {
                (base..base + 64).for_each(&mut visit);
                continue;
            }
            let mut rest = word;
            while rest != 0 {
                visit(base + rest.trailing_zeros());
                rest &= rest - 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Bits;

    #[test]
    fn bits_are_visited_in_order_and_cut() {
        let mut bits = Bits::new(300);
        for slot in [0, 1, 63, 64, 130, 299, 999] {
            bits.insert(slot);
        }
        let seen = |bits: &Bits| {
            let mut seen = Vec::new();
            bits.for_each(|slot| seen.push(slot));
            seen
        };
        assert_eq!(seen(&bits), [0, 1, 63, 64, 130, 299]);
        assert!(bits.contains(130) && !bits.contains(131) && !bits.contains(999));
        bits.clear_below(64);
        assert_eq!(seen(&bits), [64, 130, 299]);
        assert_eq!(bits.count(), 3);
        let mut other = Bits::new(100);
        other.insert(64);
        bits.keep(&other);
        assert_eq!(seen(&bits), [64]);
    }
}
