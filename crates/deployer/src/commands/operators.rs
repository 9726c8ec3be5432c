//! Which operators of a model run where, in one line.

use std::collections::BTreeMap;

/// `53 in channels-last; in tract: 2 Sigmoid`
pub(super) fn summary(taken: &BTreeMap<String, usize>, left: &BTreeMap<String, usize>) -> String {
    let taken: usize = taken.values().sum();
    if left.is_empty() {
        return format!("all {taken} in channels-last");
    }
    let left: Vec<String> = left.iter().map(|(name, count)| format!("{count} {name}")).collect();
    format!("{taken} in channels-last; in tract: {}", left.join(", "))
}
