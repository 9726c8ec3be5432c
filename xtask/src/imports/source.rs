//! Reads one Rust file, or one inline module of it: what it defines, what it imports, and which paths it names.
//!
//! It works on tokens, not on a syntax tree: that reads paths inside macro calls like any others, and needs a dependency that
//! compiles in a second. `#[cfg(test)]` items are skipped.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};

/// One module as it is written.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Source {
    /// Names of functions, types, constants and macros.
    pub(crate) defined: BTreeSet<String>,
    pub(crate) uses: Vec<Use>,
    /// Paths of two or more segments outside `use`.
    pub(crate) paths: Vec<Path>,
    /// Every identifier that stands alone: what a glob import may have brought in.
    pub(crate) idents: BTreeSet<String>,
    pub(crate) children: Vec<Child>,
}

/// One name that a `use` brings in.
#[derive(Debug, PartialEq)]
pub(crate) struct Use {
    pub(crate) path: Path,
    /// The name it has here; none for `as _` and for a glob.
    pub(crate) name: Option<String>,
    pub(crate) glob: bool,
    /// Whether others may import the name from here.
    pub(crate) exported: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Path {
    pub(crate) segments: Vec<String>,
    pub(crate) line: usize,
}

/// `mod name;` or `mod name { … }`.
#[derive(Debug, PartialEq)]
pub(crate) struct Child {
    pub(crate) name: String,
    pub(crate) inline: Option<Source>,
}

/// Keywords that a name follows.
const DEFINES: [&str; 9] = ["fn", "struct", "enum", "union", "trait", "type", "const", "static", "macro_rules"];

/// Items that end with a semicolon even if they contain braces.
const ENDS_WITH_SEMICOLON: [&str; 5] = ["use", "const", "static", "type", "let"];

impl Source {
    pub(crate) fn parse(text: &str) -> Result<Source> {
        // A shebang is not a token.
        let text = if text.starts_with("#!/") { text.split_once('\n').map_or("", |(_, rest)| rest) } else { text };
        let tokens: TokenStream = text.parse().ok().context("not Rust")?;
        let mut source = Source::default();
        source.read(tokens, true);
        Ok(source)
    }

    /// The names that its code begins a path with, or uses alone.
    pub(crate) fn mentioned(&self) -> impl Iterator<Item = &String> {
        self.idents.iter().chain(self.paths.iter().map(|path| &path.segments[0]))
    }

    /// Reads tokens of one nesting level; only those of a module itself define names and children.
    fn read(&mut self, tokens: TokenStream, of_module: bool) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at = match &tokens[at] {
                TokenTree::Punct(punct) if punct.as_char() == '#' => match attribute(&tokens, at) {
                    Some((attribute, inner, next)) if only_in_tests(attribute) => {
                        if inner {
                            tokens.len()
                        } else {
                            after_item(&tokens, next)
                        }
                    }
                    Some((attribute, _, next)) => {
                        self.read_attribute(attribute);
                        next
                    }
                    None => at + 1,
                },
                TokenTree::Ident(ident) if ident == "use" => self.read_use(&tokens, at),
                TokenTree::Ident(ident) if ident == "mod" && of_module => self.read_child(&tokens, at),
                TokenTree::Ident(_) => self.read_path(&tokens, at, of_module),
                TokenTree::Group(group) => {
                    self.read(group.stream(), false);
                    at + 1
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => at + 1,
            };
        }
    }

    /// Attributes of serde name functions in strings; doc comments, which are attributes too, may mention anything.
    fn read_attribute(&mut self, attribute: &Group) {
        let tokens: Vec<TokenTree> = attribute.stream().into_iter().collect();
        if tokens.first().is_some_and(|first| first.to_string() == "doc") {
            return;
        }
        for token in &tokens {
            let TokenTree::Group(group) = token else { continue };
            self.read(group.stream(), false);
            for token in group.stream() {
                let TokenTree::Literal(literal) = token else { continue };
                let segments: Vec<String> =
                    literal.to_string().trim_matches('"').split("::").map(str::to_owned).collect();
                let named = |segment: &String| segment.chars().all(|c| c.is_alphanumeric() || c == '_');
                if segments.len() > 1 && segments.iter().all(named) {
                    self.paths.push(Path { segments, line: literal.span().start().line });
                }
            }
        }
    }

    fn read_child(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        let (Some(TokenTree::Ident(name)), Some(body)) = (tokens.get(at + 1), tokens.get(at + 2)) else {
            return at + 1;
        };
        let inline = match body {
            TokenTree::Group(group) => {
                let mut source = Source::default();
                source.read(group.stream(), true);
                Some(source)
            }
            _ => None,
        };
        self.children.push(Child { name: name.to_string(), inline });
        at + 3
    }

    fn read_use(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        let end = end_of(tokens, at, ';');
        let exported = match at.checked_sub(1).map(|before| &tokens[before]) {
            Some(TokenTree::Ident(ident)) => ident == "pub",
            Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Parenthesis,
            _ => false,
        };
        // `use<'a>` in a type captures lifetimes.
        if matches!(tokens.get(at + 1), Some(TokenTree::Punct(punct)) if punct.as_char() == '<') {
            return at + 1;
        }
        self.read_use_tree(&tokens[at + 1..end], &[], exported);
        end + 1
    }

    fn read_use_tree(&mut self, tokens: &[TokenTree], prefix: &[String], exported: bool) {
        let mut segments = prefix.to_vec();
        let mut line = 0;
        let mut renamed = None;
        let mut glob = false;
        let mut rest = tokens.iter();
        while let Some(token) = rest.next() {
            match token {
                TokenTree::Ident(ident) if ident == "as" => renamed = rest.next().map(ToString::to_string),
                TokenTree::Ident(ident) => {
                    line = ident.span().start().line;
                    segments.push(ident.to_string());
                }
                TokenTree::Punct(punct) if punct.as_char() == '*' => {
                    line = punct.span().start().line;
                    glob = true;
                }
                TokenTree::Group(group) => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    for part in inner.split(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ','))
                    {
                        self.read_use_tree(part, &segments, exported);
                    }
                    return;
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
        if segments.len() > 1 && segments.last().is_some_and(|last| last == "self") {
            segments.pop();
        }
        if line == 0 || segments.is_empty() {
            return;
        }
        let name = renamed.or_else(|| segments.last().cloned()).filter(|name| name != "_" && !glob);
        self.uses.push(Use { path: Path { segments, line }, name, glob, exported });
    }

    /// Reads an identifier and the segments that follow it.
    fn read_path(&mut self, tokens: &[TokenTree], at: usize, of_module: bool) -> usize {
        let TokenTree::Ident(first) = &tokens[at] else { return at + 1 };
        let mut segments = vec![first.to_string()];
        let mut next = at + 1;
        while let Some(TokenTree::Ident(segment)) = tokens.get(next + 2).filter(|_| is_separator(tokens, next)) {
            segments.push(segment.to_string());
            next += 3;
        }
        // `<const N: usize>` defines nothing.
        let of_generics =
            at >= 1 && matches!(&tokens[at - 1], TokenTree::Punct(punct) if matches!(punct.as_char(), '<' | ','));
        if of_module && !of_generics && segments.len() == 1 && DEFINES.contains(&segments[0].as_str()) {
            self.defined.extend(defined_name(&tokens[next..]));
            return next;
        }
        // The second half of `<T as Trait>::name`, and a path that begins with `::`.
        let continued = at >= 2 && is_separator(tokens, at - 2);
        let of_value = at >= 1
            && matches!(&tokens[at - 1], TokenTree::Punct(punct) if punct.as_char() == '.')
            && !(at >= 2 && matches!(&tokens[at - 2], TokenTree::Punct(punct) if punct.as_char() == '.'));
        if !continued && !of_value {
            if segments.len() > 1 {
                self.paths.push(Path { segments, line: first.span().start().line });
            } else {
                self.idents.extend(segments);
            }
        }
        next
    }
}

/// The name that an item's keyword introduces; none for `const fn`, where the next keyword does.
fn defined_name(rest: &[TokenTree]) -> Option<String> {
    let name = rest.iter().find_map(|token| match token {
        TokenTree::Ident(ident) if ident != "mut" => Some(Some(ident.to_string())),
        // The mark of `macro_rules!`.
        TokenTree::Ident(_) => None,
        TokenTree::Punct(punct) if punct.as_char() == '!' => None,
        _ => Some(None),
    })??;
    (!DEFINES.contains(&name.as_str()) && name != "unsafe" && name != "async").then_some(name)
}

/// An attribute that begins at a `#`: its brackets, whether it is an inner one (`#!`), and what comes next.
fn attribute(tokens: &[TokenTree], at: usize) -> Option<(&Group, bool, usize)> {
    let inner = matches!(tokens.get(at + 1), Some(TokenTree::Punct(punct)) if punct.as_char() == '!');
    let bracket = at + 1 + usize::from(inner);
    match tokens.get(bracket) {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket => Some((group, inner, bracket + 1)),
        _ => None,
    }
}

/// Whether it is `cfg(test)`, alone or as one of several conditions.
fn only_in_tests(attribute: &Group) -> bool {
    fn requires_test(tokens: TokenStream) -> bool {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        tokens.iter().enumerate().any(|(at, token)| match token {
            TokenTree::Ident(ident) => ident == "test",
            TokenTree::Group(group) => at > 0 && tokens[at - 1].to_string() == "all" && requires_test(group.stream()),
            _ => false,
        })
    }
    let tokens: Vec<TokenTree> = attribute.stream().into_iter().collect();
    match tokens.as_slice() {
        [TokenTree::Ident(name), TokenTree::Group(condition)] => name == "cfg" && requires_test(condition.stream()),
        _ => false,
    }
}

/// Where what follows an item begins.
fn after_item(tokens: &[TokenTree], mut at: usize) -> usize {
    while matches!(&tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == '#') {
        match attribute(tokens, at) {
            Some((_, _, next)) => at = next,
            None => break,
        }
    }
    let keyword = tokens[at..].iter().find_map(|token| match token {
        TokenTree::Ident(ident) if ident != "pub" => Some(ident.to_string()),
        _ => None,
    });
    let is_function = tokens[at..].iter().take(4).any(|token| token.to_string() == "fn");
    if !is_function && keyword.is_some_and(|keyword| ENDS_WITH_SEMICOLON.contains(&keyword.as_str())) {
        return end_of(tokens, at, ';') + 1;
    }
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return at,
            // A field, a variant or an argument ends with a comma.
            TokenTree::Punct(punct) if matches!(punct.as_char(), ';' | ',') => return at,
            _ => {}
        }
    }
    at
}

fn end_of(tokens: &[TokenTree], from: usize, mark: char) -> usize {
    let is_mark = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark);
    tokens[from..].iter().position(is_mark).map_or(tokens.len(), |offset| from + offset)
}

/// Whether `::` begins at this token.
fn is_separator(tokens: &[TokenTree], at: usize) -> bool {
    match (tokens.get(at), tokens.get(at + 1)) {
        (Some(TokenTree::Punct(first)), Some(TokenTree::Punct(second))) => {
            first.as_char() == ':' && first.spacing() == Spacing::Joint && second.as_char() == ':'
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Source {
        Source::parse(text).expect("a source that can be read")
    }

    fn used(text: &str) -> Vec<String> {
        let mark = |glob| if glob { "::*" } else { "" };
        let shown = |used: &Use| format!("{}{}", used.path.segments.join("::"), mark(used.glob));
        parse(text).uses.iter().map(shown).collect()
    }

    fn named(text: &str) -> Vec<String> {
        parse(text).paths.iter().map(|path| path.segments.join("::")).collect()
    }

    #[test]
    fn every_form_of_use_is_read() {
        for (text, expected) in [
            ("use crate::a;", vec!["crate::a"]),
            ("use crate::{a, b::{self, C}};", vec!["crate::a", "crate::b", "crate::b::C"]),
            ("pub(crate) use super::a::B as C;", vec!["super::a::B"]),
            ("use self::a::*;", vec!["self::a::*"]),
            ("fn f() { use crate::a::Kind::{A, B}; }", vec!["crate::a::Kind::A", "crate::a::Kind::B"]),
            ("fn f() -> impl Fn() + use<'_> { g() }", vec![]),
        ] {
            assert_eq!(used(text), expected, "{text}");
        }
    }

    #[test]
    fn paths_are_found_wherever_they_stand() {
        for (text, expected) in [
            ("fn f() { super::find(a) }", vec!["super::find"]),
            ("fn f() -> crate::a::B { g }", vec!["crate::a::B"]),
            ("fn f() { g::<crate::a::B>() }", vec!["crate::a::B"]),
            ("fn f() { assert!(matches!(x, a::B::C { .. })) }", vec!["a::B::C"]),
            ("fn f() { <B as crate::a::T>::g() }", vec!["crate::a::T"]),
            ("fn f() { ::std::mem::take(x) }", vec![]),
            ("fn f() { 0..a::END }", vec!["a::END"]),
            ("#[serde(with = \"super::date\")] struct S;", vec!["super::date"]),
            ("/// As [`crate::a::b`] does.\nfn f() {}", vec![]),
            ("const TEXT: &str = \"crate::a::b\"; // crate::a::b", vec![]),
        ] {
            assert_eq!(named(text), expected, "{text}");
        }
    }

    #[test]
    fn tests_are_not_read() {
        for text in [
            "#[cfg(test)] mod tests { use crate::a; fn f() { crate::b::c() } }",
            "#[cfg(test)] mod tests;",
            "#[cfg(test)] use crate::{a, b};",
            "#[cfg(test)] #[expect(x, reason = \"y\")] pub(crate) fn f(x: crate::a::B) { crate::c::d() }",
            "#[cfg(test)] const fn f() -> [u8; { 1 }] { crate::c::D }",
            "#[cfg(test)] static S: crate::a::B = crate::a::B {};",
            "#[cfg(all(test, unix))] fn f() { crate::c::d() }",
            "#![cfg(test)] use crate::a; fn f() {}",
        ] {
            assert_eq!(parse(text), Source::default(), "{text}");
        }
        assert_eq!(named("#[cfg(not(test))] fn f() { crate::c::d() }"), ["crate::c::d"]);
        assert_eq!(named("struct S { #[cfg(test)] a: crate::a::B, c: crate::c::D }"), ["crate::c::D"]);
    }

    #[test]
    fn only_a_modules_own_items_are_defined() {
        let text = "pub(crate) const fn a() { fn inner() {} } struct B<const N: usize>; impl B { fn method() {} }
            macro_rules! c { () => {} } pub static mut D: u8 = 0; mod e; mod f { fn g() {} }";
        let source = parse(text);
        let defined: Vec<&str> = source.defined.iter().map(String::as_str).collect();
        assert_eq!(defined, ["B", "D", "a", "c"]);
        let children: Vec<&str> = source.children.iter().map(|child| child.name.as_str()).collect();
        assert_eq!(children, ["e", "f"]);
    }

    #[test]
    fn a_path_has_the_line_it_stands_on() {
        let source = parse("use crate::{\n    a,\n    b,\n};\n\nfn f() {\n    crate::c::d();\n}\n");
        let lines: Vec<usize> = source.uses.iter().map(|used| used.path.line).collect();
        assert_eq!(lines, [2, 3]);
        assert_eq!(source.paths[0].line, 7);
    }
}
