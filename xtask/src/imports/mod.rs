//! Which files of a crate use names that other files define, and on which line.
//!
//! An edge leads to the file that defines a name, through every `pub use` on the way. So a `mod.rs` that re-exports its children's
//! names is not part of the edge. `mod child;` and such a re-export are not edges themselves.

mod source;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use source::Source;

/// One use of a name that another file defines.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Import {
    pub(crate) from: PathBuf,
    pub(crate) line: usize,
    pub(crate) to: PathBuf,
    /// As it is written.
    pub(crate) path: String,
}

struct Module {
    file: PathBuf,
    source: Source,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
}

/// What a path leads to.
#[derive(Clone, Copy, PartialEq)]
enum Target {
    Module(usize),
    /// An item of this module.
    Item(usize),
}

/// The modules of one crate; the first is its root.
pub(crate) struct Crate {
    modules: Vec<Module>,
}

impl Crate {
    /// Reads a crate from its `lib.rs` or `main.rs` on. `read` gives the text of a file, if there is one.
    pub(crate) fn load(root: &Path, read: &dyn Fn(&Path) -> Option<String>) -> Result<Crate> {
        let text = read(root).with_context(|| format!("{}: no such file", root.display()))?;
        let source = Source::parse(&text).with_context(|| format!("reading {}", root.display()))?;
        let mut loaded = Crate { modules: Vec::new() };
        let folder = root.parent().unwrap_or(Path::new(""));
        loaded.add(root, folder, source, None, read)?;
        Ok(loaded)
    }

    /// Adds a module and its children, whose files are in `folder`.
    fn add(
        &mut self,
        file: &Path,
        folder: &Path,
        mut source: Source,
        parent: Option<usize>,
        read: &dyn Fn(&Path) -> Option<String>,
    ) -> Result<usize> {
        let children = std::mem::take(&mut source.children);
        let module = self.modules.len();
        self.modules.push(Module { file: file.to_owned(), source, parent, children: BTreeMap::new() });
        for child in children {
            let inner = folder.join(&child.name);
            let added = match child.inline {
                Some(source) => self.add(file, &inner, source, Some(module), read)?,
                None => {
                    let candidates = [inner.with_extension("rs"), inner.join("mod.rs")];
                    let found = candidates.iter().find_map(|candidate| Some((candidate, read(candidate)?)));
                    let Some((file, text)) = found else {
                        bail!("{}: mod {}: no such file", file.display(), child.name);
                    };
                    let source = Source::parse(&text).with_context(|| format!("reading {}", file.display()))?;
                    self.add(file, &inner, source, Some(module), read)?
                }
            };
            self.modules[module].children.insert(child.name, added);
        }
        Ok(module)
    }

    pub(crate) fn files(&self) -> BTreeSet<&Path> {
        self.modules.iter().map(|module| module.file.as_path()).collect()
    }

    /// Every use of another file's names, by file and line.
    pub(crate) fn imports(&self) -> BTreeSet<Import> {
        let mut imports = BTreeSet::new();
        for (at, module) in self.modules.iter().enumerate() {
            let mut add = |line: usize, path: String, target: Option<Target>| {
                // A module's own name is used by the paths that begin with it.
                let Some(Target::Item(owner)) = target else { return };
                let to = &self.modules[owner].file;
                if *to != module.file {
                    imports.insert(Import { from: module.file.clone(), line, to: to.clone(), path });
                }
            };
            for used in &module.source.uses {
                let target = self.resolve(at, &used.path.segments);
                let path = used.path.segments.join("::");
                match target {
                    Some(Target::Module(from)) if used.glob => {
                        for ident in module.source.mentioned() {
                            let target = self.look_up(from, ident, true, &mut Vec::new());
                            add(used.path.line, format!("{path}::{ident}"), target);
                        }
                    }
                    Some(Target::Item(owner)) if used.exported && self.is_within(owner, at) => {
                        // A name of a child that is only re-exported is not used here.
                        if used.name.as_ref().is_some_and(|name| module.source.mentioned().any(|used| used == name)) {
                            add(used.path.line, path, target);
                        }
                    }
                    _ => add(used.path.line, path, target),
                }
            }
            for path in &module.source.paths {
                // An imported item is counted once, where it is imported.
                let first = self.look_up(at, &path.segments[0], false, &mut Vec::new());
                if !matches!(first, Some(Target::Item(_))) {
                    add(path.line, path.segments.join("::"), self.resolve(at, &path.segments));
                }
            }
        }
        imports
    }

    /// What a path means in a module; none for what other crates define.
    fn resolve(&self, module: usize, segments: &[String]) -> Option<Target> {
        self.follow(module, segments, &mut Vec::new())
    }

    fn follow(&self, module: usize, segments: &[String], pending: &mut Vec<(usize, String)>) -> Option<Target> {
        let (first, rest) = segments.split_first()?;
        let mut target = match first.as_str() {
            "crate" => Target::Module(0),
            "self" => Target::Module(module),
            "super" => Target::Module(self.modules[module].parent?),
            name => self.look_up(module, name, rest.is_empty(), pending)?,
        };
        for (at, name) in rest.iter().enumerate() {
            let Target::Module(inside) = target else { return Some(target) };
            target = match name.as_str() {
                "super" => Target::Module(self.modules[inside].parent?),
                // What is not found was defined by a macro, or is re-exported from another crate.
                name => self.look_up(inside, name, at + 1 == rest.len(), pending)?,
            };
        }
        Some(target)
    }

    /// A name in a module: an item, a child, or what an import brings in. At the end of a path, an item takes precedence over
    /// a module of the same name; elsewhere, the module does.
    fn look_up(&self, module: usize, name: &str, at_end: bool, pending: &mut Vec<(usize, String)>) -> Option<Target> {
        let Module { source, children, .. } = &self.modules[module];
        let item = source.defined.contains(name).then_some(Target::Item(module));
        let child = children.get(name).map(|child| Target::Module(*child));
        let own = if at_end { item.or(child) } else { child.or(item) };
        // Two globs may lead to each other.
        if own.is_some()
            || pending.iter().any(|(pending_module, pending_name)| *pending_module == module && pending_name == name)
        {
            return own;
        }
        pending.push((module, name.to_owned()));
        let found = self.look_up_imported(source, module, name, at_end, pending);
        pending.pop();
        found
    }

    fn look_up_imported(
        &self,
        source: &Source,
        module: usize,
        name: &str,
        at_end: bool,
        pending: &mut Vec<(usize, String)>,
    ) -> Option<Target> {
        for used in source.uses.iter().filter(|used| used.name.as_deref() == Some(name)) {
            if let Some(target) = self.follow(module, &used.path.segments, pending) {
                return Some(target);
            }
        }
        for used in source.uses.iter().filter(|used| used.glob) {
            if let Some(Target::Module(from)) = self.follow(module, &used.path.segments, pending)
                && let Some(target) = self.look_up(from, name, at_end, pending)
            {
                return Some(target);
            }
        }
        None
    }

    /// Whether a module is another one or is nested in it.
    fn is_within(&self, mut module: usize, outer: usize) -> bool {
        while module != outer {
            match self.modules[module].parent {
                Some(parent) => module = parent,
                None => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The edges of a crate of small files, as `from:line -> to`.
    fn edges(files: &[(&str, &str)]) -> Vec<String> {
        let read =
            |path: &Path| files.iter().find(|(name, _)| Path::new(name) == path).map(|(_, text)| (*text).to_owned());
        let loaded = Crate::load(Path::new(files[0].0), &read).expect("a crate that can be read");
        let shown = |import: &Import| format!("{}:{} -> {}", import.from.display(), import.line, import.to.display());
        loaded.imports().iter().map(shown).collect()
    }

    #[test]
    fn every_way_to_name_something_is_an_edge_to_its_file() {
        let b = "pub(crate) fn f() {}\npub(crate) struct B;\npub(crate) enum E { V }\n";
        for (text, expected) in [
            ("use crate::b::B;", vec!["a.rs:1 -> b.rs"]),
            ("use crate::b::{self, B as C};", vec!["a.rs:1 -> b.rs"]),
            ("use super::b::E::V;", vec!["a.rs:1 -> b.rs"]),
            ("use crate::b;\nfn g() { b::f() }", vec!["a.rs:2 -> b.rs"]),
            ("fn g() { super::b::f() }", vec!["a.rs:1 -> b.rs"]),
            ("fn g() { vec![crate::b::B] }", vec!["a.rs:1 -> b.rs"]),
            ("use crate::b::*;\nfn g(x: B) {}", vec!["a.rs:1 -> b.rs"]),
            ("use crate::b::*;\nfn g() -> usize { E::V }", vec!["a.rs:1 -> b.rs"]),
            ("use crate::b::E;\nfn g() { E::V }", vec!["a.rs:1 -> b.rs"]),
            ("use crate::b::*;\nfn g() {}", vec![]),
            // Nothing of another file, or of another crate.
            ("use std::b::B;\nfn f() { b::f() }", vec![]),
            ("use crate::b;", vec![]),
            ("fn g() { Self::f() }", vec![]),
            ("#[cfg(test)]\nmod tests { use crate::b::B; }", vec![]),
        ] {
            assert_eq!(edges(&[("lib.rs", "mod a;\nmod b;"), ("a.rs", text), ("b.rs", b)]), expected, "{text}");
        }
    }

    #[test]
    fn a_re_exported_name_leads_to_the_file_that_defines_it() {
        let inner = "pub(crate) struct Name;";
        for face in ["mod inner;\npub(crate) use inner::Name;", "mod inner;\npub use self::inner::*;"] {
            let files = [
                ("lib.rs", "mod a;\nmod group;"),
                ("a.rs", "use crate::group::Name;"),
                ("group/mod.rs", face),
                ("group/inner.rs", inner),
            ];
            assert_eq!(edges(&files), ["a.rs:1 -> group/inner.rs"], "{face}");
        }
    }

    #[test]
    fn a_re_export_of_another_modules_name_is_an_edge() {
        let files =
            [("lib.rs", "mod a;\nmod b;"), ("a.rs", "pub(crate) use crate::b::B;"), ("b.rs", "pub(crate) struct B;")];
        assert_eq!(edges(&files), ["a.rs:1 -> b.rs"]);
    }

    #[test]
    fn a_parent_that_uses_its_child_has_an_edge() {
        let files = [
            ("lib.rs", "mod group;"),
            ("group.rs", "mod inner;\nuse inner::f;\npub(crate) struct Shared;\nfn g() { inner::h() }"),
            ("group/inner.rs", "use super::Shared;\npub(super) fn f() {}\npub(super) fn h() {}"),
        ];
        let expected = ["group/inner.rs:1 -> group.rs", "group.rs:2 -> group/inner.rs", "group.rs:4 -> group/inner.rs"];
        assert_eq!(edges(&files), expected);
    }

    #[test]
    fn a_function_and_a_module_may_have_one_name() {
        let files = [
            ("lib.rs", "mod plan;\nfn plan() { plan::make() }\nmod a;"),
            ("a.rs", "use crate::plan;\nfn f() { crate::plan::make(); plan() }"),
            ("plan.rs", "pub(crate) fn make() {}"),
        ];
        assert_eq!(edges(&files), ["a.rs:1 -> lib.rs", "a.rs:2 -> plan.rs", "lib.rs:2 -> plan.rs"]);
    }

    #[test]
    fn inline_modules_are_of_their_file() {
        let files = [
            ("lib.rs", "mod a;\nmod b { pub(crate) struct B; mod c; }"),
            ("a.rs", "use crate::b::B;"),
            ("b/c.rs", "use super::B;"),
        ];
        assert_eq!(edges(&files), ["a.rs:1 -> lib.rs", "b/c.rs:1 -> lib.rs"]);
    }

    #[test]
    fn imports_that_lead_in_circles_end() {
        let files = [
            ("lib.rs", "mod a;\nmod b;"),
            ("a.rs", "pub use super::b::*;\nfn f(x: X) {}"),
            ("b.rs", "pub use super::a::*;"),
        ];
        assert_eq!(edges(&files), Vec::<String>::new());
    }

    #[test]
    fn a_missing_file_is_an_error() {
        let read = |path: &Path| (path == Path::new("lib.rs")).then(|| "mod gone;".to_owned());
        assert!(Crate::load(Path::new("lib.rs"), &read).is_err());
    }
}
