//! Pages of a listing: at most so many items, from behind the one that the last page ended with.

/// One page of `items`, sorted by key: those behind `after`, at most `limit`. The second value continues the listing.
pub(super) fn page<'a, T>(
    items: impl Iterator<Item = (&'a str, T)>,
    after: Option<&str>,
    limit: u32,
) -> (Vec<T>, Option<String>) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut rest = items.skip_while(|(key, _)| after.is_some_and(|after| *key <= after));
    let mut last = None;
    let mut found = Vec::new();
    for (key, item) in rest.by_ref().take(limit) {
        last = Some(key);
        found.push(item);
    }
    let more = rest.next().is_some();
    (found, last.filter(|_| more).map(ToOwned::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_without_gap_or_repeat() {
        let items = ["a", "b", "c"];
        let list = |after: Option<&str>| page(items.iter().map(|item| (*item, *item)), after, 2);
        assert_eq!(list(None), (vec!["a", "b"], Some("b".to_owned())));
        assert_eq!(list(Some("b")), (vec!["c"], None));
        assert_eq!(page(items.iter().map(|item| (*item, *item)), None, 3).1, None);
    }
}
