//! Two small learners for linear weights: listwise for choosing one of several, logistic for yes or no. Every data
//! set counts the same, however many questions it has.

/// Gradient steps; the losses are convex and flat long before.
const STEPS: usize = 600;
/// Adam's step size.
const RATE: f64 = 0.05;

/// One question's alternatives: features, and whether it is a right one.
pub(super) type Group<const N: usize> = Vec<([f32; N], bool)>;

/// Fits weights so that right alternatives get the softmax's mass. Groups without a right one say nothing.
pub(super) fn listwise<const N: usize>(sets: &[Vec<Group<N>>], l2: f64) -> [f32; N] {
    descend(|weights: &[f64; N], gradient: &mut [f64; N]| {
        for set in sets {
            let useful: Vec<&Group<N>> =
                set.iter().filter(|group| group.iter().any(|(_, right)| *right)).collect();
            for group in &useful {
                listwise_gradient(group, weights, 1.0 / (useful.len() * sets.len()) as f64, gradient);
            }
        }
        for (slope, weight) in gradient.iter_mut().zip(weights) {
            *slope += l2 * weight;
        }
    })
}

fn listwise_gradient<const N: usize>(
    group: &Group<N>,
    weights: &[f64; N],
    share: f64,
    gradient: &mut [f64; N],
) {
    let scores: Vec<f64> = group.iter().map(|(features, _)| dot(features, weights)).collect();
    let most = scores.iter().copied().fold(f64::MIN, f64::max);
    let masses: Vec<f64> = scores.iter().map(|score| (score - most).exp()).collect();
    let all: f64 = masses.iter().sum();
    let right: f64 = masses.iter().zip(group).filter(|(_, (_, right))| *right).map(|(mass, _)| mass).sum();
    for (mass, (features, is_right)) in masses.iter().zip(group) {
        // The derivative of -log(mass of the right ones).
        let pull = mass / all - if *is_right { mass / right } else { 0.0 };
        for (slope, value) in gradient.iter_mut().zip(features) {
            *slope += share * pull * f64::from(*value);
        }
    }
}

/// Fits weights whose logistic function tells right from wrong samples; in each set both sides count the same.
pub(super) fn logistic<const N: usize>(sets: &[Group<N>], l2: f64) -> [f32; N] {
    descend(|weights: &[f64; N], gradient: &mut [f64; N]| {
        for set in sets {
            let right = set.iter().filter(|(_, right)| *right).count().max(1) as f64;
            let wrong = (set.len() as f64 - right).max(1.0);
            for (features, is_right) in set {
                let target = f64::from(u8::from(*is_right));
                let share = 1.0 / (sets.len() as f64 * 2.0 * if *is_right { right } else { wrong });
                let pull = 1.0 / (1.0 + (-dot(features, weights)).exp()) - target;
                for (slope, value) in gradient.iter_mut().zip(features) {
                    *slope += share * pull * f64::from(*value);
                }
            }
        }
        for (slope, weight) in gradient.iter_mut().zip(weights) {
            *slope += l2 * weight;
        }
    })
}

pub(super) fn dot<const N: usize>(features: &[f32; N], weights: &[f64; N]) -> f64 {
    features.iter().zip(weights).map(|(value, weight)| f64::from(*value) * weight).sum()
}

fn descend<const N: usize>(gradient_at: impl Fn(&[f64; N], &mut [f64; N])) -> [f32; N] {
    let mut weights = [0.0; N];
    let (mut mean, mut spread) = ([0.0_f64; N], [0.0_f64; N]);
    for step in 1..=STEPS {
        let mut gradient = [0.0; N];
        gradient_at(&weights, &mut gradient);
        let (first, second) = (1.0 - 0.9_f64.powi(step as i32), 1.0 - 0.999_f64.powi(step as i32));
        let moments = mean.iter_mut().zip(spread.iter_mut());
        for ((weight, slope), (mean, spread)) in weights.iter_mut().zip(gradient).zip(moments) {
            *mean = 0.9 * *mean + 0.1 * slope;
            *spread = 0.999 * *spread + 0.001 * slope * slope;
            *weight -= RATE * (*mean / first) / ((*spread / second).sqrt() + 1e-8);
        }
    }
    weights.map(|weight| weight as f32)
}

#[cfg(test)]
mod tests {
    use super::{listwise, logistic};

    #[test]
    fn listwise_finds_the_feature_that_tells() {
        let groups = vec![
            vec![([1.0, 0.3], true), ([0.0, 0.9], false)],
            vec![([0.1, 0.1], false), ([0.9, 0.2], true)],
        ];
        let weights = listwise::<2>(&[groups], 1e-3);
        assert!(weights[0] > 1.0 && weights[0] > weights[1].abs());
    }

    #[test]
    fn logistic_separates() {
        let samples = vec![([1.0, 0.9], true), ([1.0, 0.8], true), ([1.0, 0.1], false), ([1.0, 0.2], false)];
        let weights = logistic::<2>(&[samples], 1e-3);
        let yes = |value: f32| weights[0] + weights[1] * value > 0.0;
        assert!(yes(0.85) && !yes(0.15));
    }
}
