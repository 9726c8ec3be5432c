//! Pagination of listings, by the key of the last item of the previous page.

/// One page of `items`, which are sorted by key: at most `limit` items after the key `after`. Also returns the token of
/// the next page.
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
    fn pages_follow_each_other_without_gaps_or_repeats() {
        let items = ["a", "b", "c"];
        let list = |after: Option<&str>| page(items.iter().map(|item| (*item, *item)), after, 2);
        assert_eq!(list(None), (vec!["a", "b"], Some("b".to_owned())));
        assert_eq!(list(Some("b")), (vec!["c"], None));
        assert_eq!(page(items.iter().map(|item| (*item, *item)), None, 3).1, None);
    }
}
