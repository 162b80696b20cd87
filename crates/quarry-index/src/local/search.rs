//! A question to one shard: both legs, joined.

use quarry_core::Filter;

use super::{
    bits::Bits,
    dense::{self, Query},
    filter, lexical,
    shard::Shard,
    snapshot::Snapshot,
};
use crate::index::{Candidate, Candidates, IndexError, Leg, Search};

/// Answers from the shard's last commit.
pub fn search(shard: &Shard, search: &Search<'_>) -> Result<Candidates, IndexError> {
    let snapshot = shard.snapshot();
    let expected = snapshot.lengths().dimension;
    if let Some(found) = search.vector.map(<[f32]>::len).filter(|&found| expected != 0 && found != expected) {
        return Err(IndexError::Dimension { expected, found });
    }
    let filtered = match search.filter {
        Some(filter) => Some(allowed(shard, &snapshot, filter)?),
        None => None,
    };
    let lexical = lexical::search(
        (&shard.fields, &snapshot.searcher),
        &snapshot.segments,
        search.stems,
        filtered.as_ref().unwrap_or(&snapshot.alive),
        search.depth,
    )?;
    let query = search.vector.filter(|_| expected != 0).and_then(Query::new);
    let dense = query.as_ref().map_or_else(Vec::new, |query| {
        let graph = shard.graph();
        let with_vector = filtered.map(|mut filtered| {
            filtered.keep(&snapshot.vectored);
            filtered
        });
        let allowed = with_vector.as_ref().unwrap_or(&snapshot.vectored);
        dense::search((&snapshot, graph.as_deref()), &shard.settings, query, allowed, search.depth)
    });
    let mut found = Candidates {
        chunks: snapshot.chunks,
        average_length: snapshot.average_length(),
        // Removed chunks count until they are merged away; a share above one would make no sense to a ranker.
        frequencies: lexical.frequencies.iter().map(|&frequency| frequency.min(snapshot.chunks)).collect(),
        ..Candidates::default()
    };
    join(&snapshot, (&lexical.best, &dense), (query.as_ref(), search.terms), &mut found)?;
    Ok(found)
}

/// The slots of chunks that can be found and that the filter means.
fn allowed(shard: &Shard, snapshot: &Snapshot, filter: &Filter) -> Result<Bits, IndexError> {
    let query = filter::compile(shard.fields.metadata, filter);
    let scoring = tantivy::query::EnableScoring::disabled_from_searcher(&snapshot.searcher);
    let weight = query.weight(scoring).map_err(lexical::failed)?;
    let mut allowed = Bits::new(snapshot.forward.len());
    for (reader, segment) in snapshot.searcher.segment_readers().iter().zip(&snapshot.segments) {
        weight
            .for_each_no_score(reader, &mut |documents| {
                documents
                    .iter()
                    .filter_map(|&document| segment.slot(document))
                    .for_each(|slot| allowed.insert(slot));
            })
            .map_err(lexical::failed)?;
    }
    allowed.keep(&snapshot.alive);
    Ok(allowed)
}

type Ranked<'a> = &'a [(f32, u32)];

fn join(
    snapshot: &Snapshot,
    (lexical, dense): (Ranked<'_>, Ranked<'_>),
    (query, with_terms): (Option<&Query>, bool),
    found: &mut Candidates,
) -> Result<(), IndexError> {
    let leg = |place: usize, score: f32| Some(Leg { rank: place as u32 + 1, score });
    let mut union: Vec<(u32, Option<Leg>, Option<Leg>)> = Vec::with_capacity(lexical.len() + dense.len());
    union.extend(lexical.iter().enumerate().map(|(place, &(score, slot))| (slot, leg(place, score), None)));
    union.extend(dense.iter().enumerate().map(|(place, &(score, slot))| (slot, None, leg(place, score))));
    union.sort_unstable_by_key(|&(slot, ..)| slot);
    union.dedup_by(|later, kept| {
        let same = later.0 == kept.0;
        if same {
            kept.1 = kept.1.or(later.1);
            kept.2 = kept.2.or(later.2);
        }
        same
    });
    let outside = || IndexError::Damaged("a chunk points outside its files".to_owned());
    let mut slots = Vec::with_capacity(union.len());
    for &(number, ..) in &union {
        slots.push(snapshot.forward.slot(number).ok_or_else(outside)?);
    }
    found.items.reserve(union.len());
    if with_terms {
        found.terms.reserve(slots.iter().map(|slot| slot.terms as usize).sum());
    }
    for ((number, lexical, dense), slot) in union.into_iter().zip(slots) {
        let start = found.terms.len();
        if with_terms {
            let terms = snapshot.forward.terms(slot).ok_or_else(outside)?;
            found.terms.extend(terms.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes)));
        }
        let cosine = dense
            .map_or_else(|| query.map_or(0.0, |query| query.cosine(snapshot, number)), |dense| dense.score);
        found.items.push(Candidate {
            key: slot.key,
            lexical,
            dense,
            cosine,
            terms: start..found.terms.len(),
        });
    }
    Ok(())
}
