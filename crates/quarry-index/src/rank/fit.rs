//! Fits the linear ranker's weights to judged questions.
// Square matrices of a constant size are walked by index; every index is below the constant.
#![allow(clippy::indexing_slicing, clippy::needless_range_loop)]
use super::features::{FEATURES, FeatureVector, Lane, NAMES};

/// The candidates of one question.
#[derive(Clone, Debug, Default)]
pub struct QuerySamples {
    /// Their features, from [`super::features`].
    pub features: Vec<FeatureVector>,
    /// Their judged gains; 0 is irrelevant.
    pub gains: Vec<f32>,
}

/// The questions of one set.
#[derive(Clone, Debug, Default)]
pub struct SetSamples {
    /// The set's name.
    pub name: String,
    /// Its questions.
    pub queries: Vec<QuerySamples>,
}

/// How to fit.
#[derive(Clone, Copy, Debug)]
pub struct FitOptions {
    /// Weight of the squared distance from `prior`, which keeps near-equal features from fighting.
    pub l2: f32,
    /// Most steps; it stops earlier when nothing is gained.
    pub steps: usize,
    /// Features that stay at 0 when false.
    pub used: [bool; FEATURES],
    /// Where the weights are drawn to by `l2`.
    pub prior: FeatureVector,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self::with_dense(0.4)
    }
}

impl FitOptions {
    /// As shipped weights are fitted. With few sets to fit on, what one set teaches about vectors does not hold for the
    /// next: the weight of `dense` is drawn to what the embedding model has earned (0.4 for the static table, 1.5 for a
    /// transformer; 0 fits without it). Left-one-out, 0.05 was the best of 0.001 to 0.2.
    #[must_use]
    pub fn with_dense(dense: f32) -> Self {
        let mut options = Self { l2: 0.05, steps: 40, used: [true; FEATURES], prior: [0.0; FEATURES] };
        options.set("dense", dense);
        options
    }

    /// For weights of terms alone.
    #[must_use]
    pub fn without_vectors(mut self) -> Self {
        for (place, used) in self.used.iter_mut().enumerate() {
            *used &= Lane::of(place) == Lane::Lexical;
        }
        self
    }

    /// Keeps the named features at 0. Names that are no feature's are ignored.
    #[must_use]
    pub fn without(mut self, names: &[&str]) -> Self {
        for (used, name) in self.used.iter_mut().zip(NAMES) {
            *used &= !names.contains(&name);
        }
        self
    }

    fn set(&mut self, feature: &str, weight: f32) {
        self.prior
            .iter_mut()
            .zip(NAMES)
            .filter(|(_, name)| *name == feature)
            .for_each(|(prior, _)| *prior = weight);
    }
}

type Vector = [f64; FEATURES];
type Matrix = [Vector; FEATURES];

/// Loss, slope and curvature at one point.
struct Point {
    loss: f64,
    slope: Vector,
    curvature: Matrix,
}

/// The weights that make the judged candidates likely: listwise softmax cross entropy with L2, every set counting the
/// same. The loss is convex and the weights are few, so Newton's method with step halving finds the one minimum in
/// about ten steps. Questions without a judged candidate are left out. Deterministic.
#[must_use]
pub fn fit(groups: &[SetSamples], options: &FitOptions) -> FeatureVector {
    fit_without(groups, &[], options)
}

/// [`fit`] on all sets but those named.
#[must_use]
pub fn fit_without(groups: &[SetSamples], left_out: &[&str], options: &FitOptions) -> FeatureVector {
    let groups: Vec<&SetSamples> =
        groups.iter().filter(|group| !left_out.contains(&group.name.as_str())).collect();
    let mut weights = [0.0; FEATURES];
    let mut here = look(&groups, &weights, options);
    for _ in 0..options.steps {
        let Some(step) = solve(&here.curvature, &here.slope) else { break };
        let mut part = 1.0;
        let next = loop {
            let mut there = weights;
            there.iter_mut().zip(&step).for_each(|(weight, step)| *weight -= part * step);
            let point = look(&groups, &there, options);
            if point.loss <= here.loss || part < 1e-4 {
                break (there, point);
            }
            part /= 2.0;
        };
        let gained = here.loss - next.1.loss;
        (weights, here) = next;
        if gained < 1e-9 {
            break;
        }
    }
    weights.map(|weight| weight as f32)
}

fn look(groups: &[&SetSamples], weights: &Vector, options: &FitOptions) -> Point {
    let mut point = Point { loss: 0.0, slope: [0.0; FEATURES], curvature: [[0.0; FEATURES]; FEATURES] };
    for group in groups {
        add_set(group, weights, &mut point, groups.len());
    }
    for at in 0..FEATURES {
        let l2 = f64::from(options.l2);
        let away = weights[at] - f64::from(options.prior[at]);
        point.loss += l2 * away * away;
        point.slope[at] += 2.0 * l2 * away;
        for other in 0..at {
            point.curvature[other][at] = point.curvature[at][other];
        }
        point.curvature[at][at] += 2.0 * l2 + 1e-9;
        if !options.used[at] {
            point.slope[at] = 0.0;
            for other in 0..FEATURES {
                point.curvature[at][other] = 0.0;
                point.curvature[other][at] = 0.0;
            }
            point.curvature[at][at] = 1.0;
        }
    }
    point
}

/// Adds one set's mean loss, slope and (lower half of the) curvature.
fn add_set(group: &SetSamples, weights: &Vector, point: &mut Point, sets: usize) {
    let judged = group.queries.iter().filter(|query| query.gains.iter().any(|gain| *gain > 0.0));
    let count = (judged.clone().count().max(1) * sets.max(1)) as f64;
    let mut scores: Vec<f64> = Vec::new();
    for query in judged {
        scores.clear();
        scores.extend(query.features.iter().map(|row| {
            row.iter().zip(weights).map(|(value, weight)| f64::from(*value) * weight).sum::<f64>()
        }));
        let most = scores.iter().copied().fold(f64::MIN, f64::max);
        let total: f64 = scores.iter().map(|score| (score - most).exp()).sum();
        let gains: f64 = query.gains.iter().map(|gain| f64::from(*gain)).sum();
        let mut expected = [0.0; FEATURES];
        for ((row, score), gain) in query.features.iter().zip(&scores).zip(&query.gains) {
            let likely = (score - most).exp() / total;
            let wanted = f64::from(*gain) / gains;
            point.loss -= wanted * (score - most - total.ln()) / count;
            for at in 0..FEATURES {
                let value = f64::from(row[at]);
                expected[at] += likely * value;
                point.slope[at] += (likely - wanted) * value / count;
                // What is nearly impossible bends nothing.
                if likely > 1e-7 {
                    let pull = likely * value / count;
                    for other in 0..=at {
                        point.curvature[at][other] += pull * f64::from(row[other]);
                    }
                }
            }
        }
        for at in 0..FEATURES {
            for other in 0..=at {
                point.curvature[at][other] -= expected[at] * expected[other] / count;
            }
        }
    }
}

/// Solves a positive definite system by Cholesky's method; `None` when it is not positive definite.
fn solve(matrix: &Matrix, right: &Vector) -> Option<Vector> {
    let mut lower = [[0.0; FEATURES]; FEATURES];
    for row in 0..FEATURES {
        for column in 0..=row {
            let dot: f64 = (0..column).map(|at| lower[row][at] * lower[column][at]).sum();
            let rest = matrix[row][column] - dot;
            if row == column {
                if rest <= 0.0 {
                    return None;
                }
                lower[row][row] = rest.sqrt();
            } else {
                lower[row][column] = rest / lower[column][column];
            }
        }
    }
    let mut half = [0.0; FEATURES];
    for row in 0..FEATURES {
        let dot: f64 = (0..row).map(|at| lower[row][at] * half[at]).sum();
        half[row] = (right[row] - dot) / lower[row][row];
    }
    let mut solution = [0.0; FEATURES];
    for row in (0..FEATURES).rev() {
        let dot: f64 = (row + 1..FEATURES).map(|at| lower[at][row] * solution[at]).sum();
        solution[row] = (half[row] - dot) / lower[row][row];
    }
    Some(solution)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::{FitOptions, QuerySamples, SetSamples, fit, fit_without};
    use crate::rank::features::{FEATURES, FeatureVector};

    /// Questions whose right candidate has the largest value of `feature`; the others are noise.
    fn set(name: &str, feature: usize) -> SetSamples {
        let row = |seed: usize| -> FeatureVector {
            std::array::from_fn(|column| ((seed * 31 + column * 17) % 23) as f32 / 23.0)
        };
        let queries = (0..40)
            .map(|question| {
                let mut features: Vec<FeatureVector> = (0..6).map(|at| row(question * 7 + at)).collect();
                features[question % 6][feature] = 2.0;
                QuerySamples { features, gains: (0..6).map(|at| f32::from(at == question % 6)).collect() }
            })
            .collect();
        SetSamples { name: name.to_owned(), queries }
    }

    #[test]
    fn the_telling_feature_gets_the_weight() {
        let weights = fit(&[set("one", 3), set("two", 3)], &FitOptions::with_dense(0.0));
        let most = weights.iter().copied().fold(f32::MIN, f32::max);
        assert!(weights[3] == most && weights[3] > 0.5, "{weights:?}");
    }

    #[test]
    fn what_is_left_out_does_not_count() {
        let sets = [set("one", 3), set("two", 9)];
        let options = FitOptions::with_dense(0.0);
        assert_eq!(fit_without(&sets, &["two"], &options), fit(&sets[..1], &options));
        assert_ne!(fit(&sets, &options), fit(&sets[..1], &options));
    }

    #[test]
    fn switched_off_features_stay_at_zero() {
        let options = FitOptions::with_dense(0.4).without_vectors().without(&["bm25_pairs"]);
        let weights = fit(&[set("one", 1)], &options);
        assert_eq!((weights[1], weights[5], weights[7], weights[14]), (0.0, 0.0, 0.0, 0.0));
        assert!(weights.iter().any(|weight| *weight != 0.0));
    }

    #[test]
    fn nothing_judged_leaves_what_the_prior_says() {
        let weights = fit(&[SetSamples::default()], &FitOptions::with_dense(0.4));
        assert!((weights[1] - 0.4).abs() < 1e-4 && weights.len() == FEATURES);
    }
}
