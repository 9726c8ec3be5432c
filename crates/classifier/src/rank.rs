//! Ranks classes by score.

/// How far the sum of probabilities may be off one.
const SUM_TOLERANCE: f32 = 1e-3;

/// Whether the scores are probabilities that add up to one.
pub(crate) fn is_distribution(scores: &[f32]) -> bool {
    let sum: f32 = scores.iter().sum();
    scores.iter().all(|score| (0.0..=1.0 + SUM_TOLERANCE).contains(score)) && (sum - 1.0).abs() <= SUM_TOLERANCE
}

/// The indices of the `count` best classes, best first. Equal scores are ordered by index.
pub(crate) fn top_classes(scores: &[f32], count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
    order.truncate(count);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_ranked_by_score_then_index() {
        assert_eq!(top_classes(&[0.2, 0.5, 0.2, 0.1], 3), [1, 0, 2]);
        assert_eq!(top_classes(&[0.1, 0.9], 5), [1, 0]);
    }

    #[test]
    fn logits_are_distinguished_from_probabilities() {
        assert!(is_distribution(&[0.25, 0.75]));
        assert!(is_distribution(&[0.0, 1.0]));
        assert!(!is_distribution(&[0.5, 0.75]));
        assert!(!is_distribution(&[-0.5, 1.5]));
        assert!(!is_distribution(&[f32::NAN, 1.0]));
    }
}
