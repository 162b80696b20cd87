//! A question, prepared for looking up stems: places, weights, pairs.

use crate::{index::Candidates, query::QueryTerms, terms::Term};

/// Distinct stems of a question that are looked at, one bit each. Questions have ten; a pasted page is cut.
pub(super) const MOST_STEMS: usize = 64;
/// Slots of the table from stem to place; a power of two, so large that most foreign stems meet an empty slot.
const SLOTS: usize = 1024;
/// Query terms at most this many places apart make a pair for proximity.
const PAIR_REACH: usize = 3;
/// Pairs that are looked at.
pub(super) const MOST_PAIRS: usize = 192;

/// The prepared question.
pub(super) struct Probe {
    stems: Vec<u32>,
    forms: Vec<[u16; 2]>,
    slots: [u8; SLOTS],
    /// Inverse document frequency by stem.
    pub idf: Vec<f32>,
    /// Their sum.
    pub total_idf: f32,
    /// Adjacent stems of the question, as places in `stems`.
    pub adjacent: Vec<(usize, usize)>,
    near: Vec<(usize, usize)>,
    adjacent_of: Vec<u8>,
    near_of: Vec<Vec<(u8, u8)>>,
}

impl Probe {
    pub(super) fn new(query: &QueryTerms, candidates: &Candidates) -> Self {
        let mut stems = query.stems();
        stems.truncate(MOST_STEMS);
        let mut slots = [0_u8; SLOTS];
        for (place, stem) in stems.iter().enumerate() {
            let mut at = *stem as usize % SLOTS;
            while slots.get(at).is_some_and(|&taken| taken != 0) {
                at = (at + 1) % SLOTS;
            }
            if let Some(slot) = slots.get_mut(at) {
                *slot = place as u8 + 1;
            }
        }
        let mut probe = Self {
            forms: vec![[0; 2]; stems.len()],
            idf: Vec::new(),
            total_idf: 0.0,
            adjacent: Vec::new(),
            near: Vec::new(),
            adjacent_of: vec![0; stems.len() * stems.len()],
            near_of: vec![Vec::new(); stems.len()],
            stems,
            slots,
        };
        probe.weigh(candidates);
        probe.pair(query);
        probe
    }

    /// How many stems.
    pub(super) fn len(&self) -> usize {
        self.stems.len()
    }

    fn weigh(&mut self, candidates: &Candidates) {
        let chunks = candidates.chunks.max(1) as f32;
        let sample = if candidates.frequencies.len() >= self.stems.len() {
            None
        } else {
            // The lexical leg was off: the candidates are the only sample there is.
            Some(self.count(candidates))
        };
        self.idf = sample
            .as_ref()
            .unwrap_or(&candidates.frequencies)
            .iter()
            .take(self.stems.len())
            .map(|&found| {
                let found = (found as f32).min(chunks);
                (1.0 + (chunks - found + 0.5) / (found + 0.5)).ln()
            })
            .collect();
        self.total_idf = self.idf.iter().sum::<f32>().max(f32::MIN_POSITIVE);
    }

    fn count(&self, candidates: &Candidates) -> Vec<u64> {
        let mut found = vec![0; self.stems.len()];
        for item in &candidates.items {
            let mut seen = 0_u64;
            for packed in candidates.terms.get(item.terms.clone()).unwrap_or_default() {
                if let Some(place) = self.find(Term::from_packed(*packed).stem()) {
                    seen |= 1 << (place % 64);
                }
            }
            for (place, count) in found.iter_mut().enumerate() {
                *count += seen >> place & 1;
            }
        }
        found
    }

    fn pair(&mut self, query: &QueryTerms) {
        let places: Vec<(usize, u16)> =
            query.terms.iter().filter_map(|term| Some((self.find(term.stem)?, term.form))).collect();
        for &(place, form) in &places {
            if let Some([first, second]) = self.forms.get_mut(place) {
                // Two forms of a stem in one question are rare; a third is not looked for.
                if *first == 0 {
                    (*first, *second) = (form, form);
                } else if *first != form {
                    *second = form;
                }
            }
        }
        for (at, &(first, _)) in places.iter().enumerate() {
            for (reach, &(second, _)) in places.iter().skip(at + 1).take(PAIR_REACH).enumerate() {
                if first != second {
                    self.add_pair(first, second, reach == 0);
                }
            }
        }
    }

    fn add_pair(&mut self, first: usize, second: usize, adjacent: bool) {
        let index = first * self.stems.len() + second;
        if adjacent
            && self.adjacent.len() < MOST_STEMS
            && let Some(slot) = self.adjacent_of.get_mut(index)
            && *slot == 0
        {
            self.adjacent.push((first, second));
            *slot = self.adjacent.len() as u8;
        }
        let known = self
            .near_of
            .get(first)
            .is_some_and(|known| known.iter().any(|&(other, _)| usize::from(other) == second));
        if known || self.near.len() >= MOST_PAIRS {
            return;
        }
        let number = self.near.len() as u8;
        self.near.push((first, second));
        for (one, other) in [(first, second), (second, first)] {
            if let Some(partners) = self.near_of.get_mut(one) {
                partners.push((other as u8, number));
            }
        }
    }

    /// The place of a stem among the question's.
    #[inline]
    pub(super) fn find(&self, stem: u32) -> Option<usize> {
        let mut at = stem as usize % SLOTS;
        loop {
            let place = self.slots.get(at).copied().unwrap_or(0);
            if place == 0 {
                return None;
            }
            let place = usize::from(place) - 1;
            if self.stems.get(place) == Some(&stem) {
                return Some(place);
            }
            at = (at + 1) % SLOTS;
        }
    }

    /// Whether the question has the stem in this form.
    #[inline]
    pub(super) fn has_form(&self, place: usize, form: u16) -> bool {
        self.forms.get(place).is_some_and(|[first, second]| *first == form || *second == form)
    }

    /// The number of an adjacent pair.
    #[inline]
    pub(super) fn adjacent_number(&self, first: usize, second: usize) -> Option<usize> {
        match self.adjacent_of.get(first * self.stems.len() + second) {
            Some(&number) if number > 0 => Some(usize::from(number) - 1),
            _ => None,
        }
    }

    /// The stems that stand near one in the question, with the pair's number.
    #[inline]
    pub(super) fn partners(&self, place: usize) -> &[(u8, u8)] {
        self.near_of.get(place).map(Vec::as_slice).unwrap_or_default()
    }

    /// What each near pair weighs.
    pub(super) fn near_weights(&self) -> impl Iterator<Item = f32> {
        self.near.iter().map(|&(first, second)| self.weight(first) + self.weight(second))
    }

    /// A stem's idf.
    pub(super) fn weight(&self, place: usize) -> f32 {
        self.idf.get(place).copied().unwrap_or(0.0)
    }

    /// The idf of stems given as bits.
    pub(super) fn mass(&self, places: u64) -> f32 {
        bits(places).map(|place| self.weight(place)).sum()
    }
}

/// The places of a word's bits, lowest first.
#[inline]
pub(super) fn bits(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = word.trailing_zeros() as usize;
        if word == 0 {
            return None;
        }
        word &= word - 1;
        Some(place)
    })
}
