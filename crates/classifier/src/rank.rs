//! From the model's output to ranked classes.

/// How far the sum of probabilities may be from one.
const SUM_TOLERANCE: f32 = 1e-3;

/// Whether the scores already are probabilities that add up to one.
pub(crate) fn is_distribution(scores: &[f32]) -> bool {
    let sum: f32 = scores.iter().sum();
    scores.iter().all(|score| (0.0..=1.0 + SUM_TOLERANCE).contains(score)) && (sum - 1.0).abs() <= SUM_TOLERANCE
}

/// Indices of the `count` best classes: by score from the top, equal ones by index.
pub(crate) fn best(scores: &[f32], count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
    order.truncate(count);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn best_first_and_ties_by_index() {
        assert_eq!(best(&[0.2, 0.5, 0.2, 0.1], 3), [1, 0, 2]);
        assert_eq!(best(&[0.1, 0.9], 5), [1, 0]);
    }

    #[test]
    fn logits_are_told_from_probabilities() {
        assert!(is_distribution(&[0.25, 0.75]));
        assert!(is_distribution(&[0.0, 1.0]));
        assert!(!is_distribution(&[0.5, 0.75]));
        assert!(!is_distribution(&[-0.5, 1.5]));
        assert!(!is_distribution(&[f32::NAN, 1.0]));
    }
}
