//! Ranks classes by score.

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
}
