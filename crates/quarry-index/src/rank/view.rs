//! One pass over a candidate's packed terms: what it holds of the question.

use super::probe::{MOST_PAIRS, MOST_STEMS, Probe, bits};
use crate::terms::Term;

/// Tokens within which a pair counts as near.
const NEAR: u32 = 5;

/// What one candidate holds. Made once and filled anew for each candidate, so that a question allocates nothing a
/// candidate.
pub(super) struct View {
    /// Occurrences of each stem.
    pub counts: [u16; MOST_STEMS],
    /// Occurrences of each stem in a form that the question has.
    pub exact: [u16; MOST_STEMS],
    /// Occurrences in title and headings.
    pub heads: [u16; MOST_STEMS],
    /// Occurrences of adjacent pairs.
    pub pairs: [u16; MOST_STEMS],
    /// Adjacent pairs seen, as bits.
    pub seen_pairs: u64,
    /// Tokens of title and headings.
    pub head_length: u32,
    /// Stems seen, as bits.
    pub seen: u64,
    /// Stems seen in title and headings.
    seen_heads: u64,
    /// The idf of the best sentence.
    pub best_sentence: f32,
    /// The idf of the best sentence together with the title and headings.
    pub best_with_heads: f32,
    /// The idf of the best two sentences that follow each other.
    pub best_two: f32,
    near: [u64; MOST_PAIRS / 64],
    last: [u32; MOST_STEMS],
}

/// Where the pass stands.
#[derive(Default)]
struct Pass {
    position: u32,
    /// Stems of the sentence, and of the one before.
    sentence: u64,
    before: u64,
    /// The stem of the token before, plus one.
    neighbour: usize,
    in_heads: bool,
}

impl View {
    pub(super) fn new() -> Self {
        Self {
            counts: [0; MOST_STEMS],
            exact: [0; MOST_STEMS],
            heads: [0; MOST_STEMS],
            pairs: [0; MOST_STEMS],
            seen_pairs: 0,
            head_length: 0,
            seen: 0,
            seen_heads: 0,
            best_sentence: 0.0,
            best_with_heads: 0.0,
            best_two: 0.0,
            near: [0; MOST_PAIRS / 64],
            last: [0; MOST_STEMS],
        }
    }

    fn clear(&mut self, stems: usize) {
        // A question may have more pairs than stems when it repeats them.
        bits(self.seen_pairs)
            .for_each(|pair| self.pairs.iter_mut().skip(pair).take(1).for_each(|count| *count = 0));
        for counts in [&mut self.counts, &mut self.exact, &mut self.heads] {
            counts.iter_mut().take(stems).for_each(|count| *count = 0);
        }
        self.last.iter_mut().take(stems).for_each(|last| *last = 0);
        self.near = [0; MOST_PAIRS / 64];
        (self.head_length, self.seen, self.seen_heads, self.seen_pairs) = (0, 0, 0, 0);
        (self.best_sentence, self.best_with_heads, self.best_two) = (0.0, 0.0, 0.0);
    }

    /// Looks at one candidate's packed terms.
    pub(super) fn look(&mut self, probe: &Probe, terms: &[u64]) {
        self.clear(probe.len());
        // Positions start beyond reach of the zeros in `last`.
        let mut pass = Pass { position: NEAR + 1, ..Pass::default() };
        for packed in terms {
            let term = Term::from_packed(*packed);
            pass.position += u32::from(term.gap());
            let flags = term.flags();
            if flags != 0 {
                pass.in_heads = flags & (Term::TITLE | Term::HEADING) != 0;
                self.head_length += u32::from(pass.in_heads);
                if flags & Term::SENTENCE != 0 {
                    self.close(probe, &mut pass);
                }
            } else {
                pass.in_heads = false;
            }
            match probe.find(term.stem()) {
                Some(place) => self.meet(probe, &mut pass, place, term.form()),
                None => pass.neighbour = 0,
            }
        }
        self.close(probe, &mut pass);
    }

    /// A token of the question.
    #[inline]
    fn meet(&mut self, probe: &Probe, pass: &mut Pass, place: usize, form: u16) {
        let bit = 1_u64 << (place % 64);
        self.seen |= bit;
        pass.sentence |= bit;
        bump(&mut self.counts, place);
        if probe.has_form(place, form) {
            bump(&mut self.exact, place);
        }
        if pass.in_heads {
            self.seen_heads |= bit;
            bump(&mut self.heads, place);
        }
        if pass.neighbour > 0
            && let Some(number) = probe.adjacent_number(pass.neighbour - 1, place)
        {
            bump(&mut self.pairs, number);
            self.seen_pairs |= 1 << (number % 64);
        }
        for &(partner, number) in probe.partners(place) {
            let at = self.last.get(usize::from(partner)).copied().unwrap_or(0);
            if pass.position - at <= NEAR
                && let Some(bits) = self.near.get_mut(usize::from(number) / 64)
            {
                *bits |= 1 << (number % 64);
            }
        }
        if let Some(last) = self.last.get_mut(place) {
            *last = pass.position;
        }
        pass.neighbour = place + 1;
    }

    /// A sentence ends.
    fn close(&mut self, probe: &Probe, pass: &mut Pass) {
        if pass.sentence != 0 {
            let mass = probe.mass(pass.sentence);
            self.best_sentence = self.best_sentence.max(mass);
            let with = |others: u64| if others == 0 { mass } else { mass + probe.mass(others) };
            self.best_with_heads = self.best_with_heads.max(with(self.seen_heads & !pass.sentence));
            self.best_two = self.best_two.max(with(pass.before & !pass.sentence));
        }
        pass.before = pass.sentence;
        pass.sentence = 0;
        pass.neighbour = 0;
    }

    /// Share of the question's near pairs that stand near each other here.
    pub(super) fn proximity(&self, probe: &Probe) -> f32 {
        let (mut found, mut all) = (0.0, 0.0);
        for (number, weight) in probe.near_weights().enumerate() {
            all += weight;
            if self.near.get(number / 64).is_some_and(|bits| bits >> (number % 64) & 1 == 1) {
                found += weight;
            }
        }
        if all > 0.0 { found / all } else { 0.0 }
    }
}

#[inline]
fn bump(counts: &mut [u16; MOST_STEMS], place: usize) {
    if let Some(count) = counts.get_mut(place) {
        *count = count.saturating_add(1);
    }
}
