//! Files that use each other's names, directly or through others: to read or change one, you need all of them.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::Path,
};

use crate::imports::Import;

type Edges<'a> = BTreeMap<&'a Path, BTreeMap<&'a Path, &'a Import>>;

/// Each cycle as a finding: how many files are in it, and the shortest way round.
pub(crate) fn check(imports: &BTreeSet<Import>, findings: &mut Vec<String>) {
    let mut edges = Edges::new();
    for import in imports {
        edges.entry(&import.from).or_default().entry(&import.to).or_insert(import);
    }
    for files in components(&edges) {
        let way = shortest_way_round(&edges, &files);
        let shown: Vec<String> = way
            .iter()
            .map(|import| {
                format!("{}:{}: `{}` of {}", import.from.display(), import.line, import.path, import.to.display())
            })
            .collect();
        findings.push(format!("a cycle of {} files; one way round:\n    {}", files.len(), shown.join("\n    ")));
    }
}

/// The groups of files in which each reaches each other.
fn components<'a>(edges: &Edges<'a>) -> Vec<BTreeSet<&'a Path>> {
    let reached: BTreeMap<&Path, BTreeSet<&Path>> = edges.keys().map(|file| (*file, reach(edges, file))).collect();
    let mut found: Vec<BTreeSet<&Path>> = Vec::new();
    for (file, there) in &reached {
        if there.contains(file) && !found.iter().any(|files| files.contains(file)) {
            let and_back = |other: &&Path| reached.get(*other).is_some_and(|back| back.contains(file));
            found.push(there.iter().copied().filter(and_back).collect());
        }
    }
    found
}

fn reach<'a>(edges: &Edges<'a>, from: &Path) -> BTreeSet<&'a Path> {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<&Path> = vec![from];
    while let Some(file) = waiting.pop() {
        for next in edges.get(file).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(*next) {
                waiting.push(next);
            }
        }
    }
    reached
}

/// The shortest loop through any of the files.
fn shortest_way_round<'a>(edges: &Edges<'a>, files: &BTreeSet<&'a Path>) -> Vec<&'a Import> {
    let loops = files.iter().map(|start| {
        let mut came_by: BTreeMap<&Path, &Import> = BTreeMap::new();
        let mut waiting = VecDeque::from([*start]);
        while let Some(file) = waiting.pop_front() {
            for (next, import) in edges.get(file).into_iter().flatten() {
                if !came_by.contains_key(next) {
                    came_by.insert(next, import);
                    waiting.push_back(next);
                }
            }
            if came_by.contains_key(start) {
                break;
            }
        }
        let mut way = Vec::new();
        let mut at = *start;
        while let Some(import) = came_by.get(at) {
            way.insert(0, *import);
            at = &import.from;
            if at == *start {
                break;
            }
        }
        way
    });
    loops.min_by_key(Vec::len).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(edges: &[(&str, usize, &str)]) -> Vec<String> {
        let imports = edges.iter().map(|(from, line, to)| Import {
            from: from.into(),
            line: *line,
            to: to.into(),
            path: format!("crate::{to}"),
        });
        let mut findings = Vec::new();
        check(&imports.collect(), &mut findings);
        findings
    }

    #[test]
    fn files_that_only_lead_on_are_no_cycle() {
        assert_eq!(findings(&[("a", 1, "b"), ("b", 1, "c"), ("a", 2, "c")]), Vec::<String>::new());
    }

    #[test]
    fn a_cycle_is_shown_with_its_lines() {
        let expected = "a cycle of 2 files; one way round:\n    a:3: `crate::b` of b\n    b:7: `crate::a` of a";
        assert_eq!(findings(&[("a", 3, "b"), ("b", 7, "a"), ("b", 1, "c")]), [expected]);
    }

    #[test]
    fn the_shortest_way_round_a_large_cycle_is_shown() {
        let edges = [("a", 1, "b"), ("b", 1, "c"), ("c", 1, "a"), ("c", 2, "d"), ("d", 1, "c"), ("e", 1, "a")];
        let found = findings(&edges);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("a cycle of 4 files"), "{found:?}");
        assert_eq!(found[0].lines().count(), 3, "{found:?}");
    }

    #[test]
    fn two_cycles_are_two_findings() {
        assert_eq!(findings(&[("a", 1, "b"), ("b", 1, "a"), ("c", 1, "d"), ("d", 1, "c"), ("a", 1, "c")]).len(), 2);
    }
}
