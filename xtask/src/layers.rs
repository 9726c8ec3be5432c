//! The layers of each crate: what a module may import.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use crate::imports::Import;

/// One crate's modules, by layer. A module is a file or a folder below `source`; of two that fit, the longer one counts.
pub(crate) struct Layers {
    pub(crate) source: &'static str,
    /// From top to bottom: a module may import those of every layer below its own, and none of its own layer.
    pub(crate) layers: &'static [&'static [&'static str]],
    /// The exceptions: imports within one layer.
    pub(crate) same_layer: &'static [(&'static str, &'static str)],
    /// Modules in a low layer that only some modules may import, and which.
    pub(crate) only_for: &'static [(&'static str, &'static [&'static str])],
    /// Whether docs/architecture.md shows these layers.
    pub(crate) drawn: bool,
}

/// What each module may import. A new module gets its place here before anything imports it.
pub(crate) const LAYERS: [Layers; 6] = [
    Layers {
        source: "crates/deployer/src",
        layers: &[
            &["main"],
            &["commands"],
            &["cli"],
            &["ui", "export", "package", "probe", "verify", "local"],
            &["engine"],
            &["stack"],
            &["resources"],
            &["aws", "data_plane", "policy"],
            &["outputs"],
            &["config"],
            &["backoff", "change", "interrupt", "labels", "rotating"],
            &["names", "error", "private_file"],
        ],
        // Both send the same image.
        same_layer: &[("verify", "probe")],
        only_for: &[("cli", &["main", "commands"])],
        drawn: true,
    },
    Layers {
        source: "crates/local-aws/src",
        layers: &[
            &["lib", "fuzzing"],
            &["server"],
            &["front"],
            &["endpoints", "services"],
            &[
                "services::apigateway",
                "services::cognito",
                "services::iam",
                "services::lambda",
                "services::logs",
                "services::sts",
            ],
            &["services::page", "services::tags", "operation"],
            &["cloud"],
            &["functions", "policy", "model", "signature"],
            &["request"],
            &["service"],
            &["protocol", "input"],
            &["outcome", "credentials"],
            &["store"],
            &["state"],
            &["clock", "faults", "random", "request_log", "template", "token_buckets"],
        ],
        // A function's role must exist, and Lambda must be allowed to assume it.
        same_layer: &[("services::lambda", "services::iam")],
        only_for: &[],
        drawn: true,
    },
    Layers {
        source: "crates/inference-lambda/src",
        layers: &[
            &["main"],
            &["handler", "runtime"],
            &["cors", "hint"],
            &["body", "response"],
            &["content_encoding", "form"],
            &["text"],
            &["event", "log", "problem"],
        ],
        same_layer: &[],
        only_for: &[],
        drawn: false,
    },
    Layers {
        source: "crates/classifier/src",
        layers: &[
            &["lib"],
            &["classifier"],
            &["import", "model_file"],
            &["model", "onnx", "tflite"],
            &["evidence", "geometry", "request", "resolve", "tract_plan"],
            &["input_tensor", "manifest", "color", "resize", "turn"],
            &["decode", "format"],
            &["activation", "model_info", "tract_error"],
            &["engine", "error", "pixels", "preprocess", "rank"],
        ],
        same_layer: &[],
        only_for: &[],
        drawn: false,
    },
    Layers {
        source: "crates/tract-channels-last/src",
        layers: &[
            &["lib"],
            &["rewrite"],
            &["subgraph"],
            &["analysis"],
            &["recognize"],
            &["op_kind"],
            &["axes", "constant", "operator"],
        ],
        same_layer: &[],
        only_for: &[],
        drawn: false,
    },
    Layers {
        source: "crates/channels-last/src",
        layers: &[
            &["lib"],
            &["compile", "stored"],
            &["pack", "layout", "program"],
            &["fuse", "step"],
            &["kernel"],
            &["buffer"],
            &["aligned", "graph", "isa"],
        ],
        same_layer: &[],
        only_for: &[],
        drawn: false,
    },
];

impl Layers {
    /// Reports every import that does not lead down, and every file that has no place.
    pub(crate) fn check(&self, files: &BTreeSet<&Path>, imports: &BTreeSet<Import>, findings: &mut Vec<String>) {
        let without = files.iter().filter(|file| self.place(file).is_none());
        let without: BTreeSet<PathBuf> = without.map(|file| self.module(file)).collect();
        for module in without {
            let source = self.source;
            findings.push(format!("{source}/{}: has no layer; give it one in xtask/src/layers.rs", module.display()));
        }
        for import in imports {
            let (Some((from, above)), Some((to, below))) = (self.place(&import.from), self.place(&import.to)) else {
                continue;
            };
            let reserved = self.only_for.iter().any(|(module, importers)| *module == to && !importers.contains(&from));
            let leads_down = above < below || self.same_layer.contains(&(from, to));
            if from != to && (reserved || !leads_down) {
                let file = import.from.display();
                findings.push(format!("{file}:{}: `{}`: {from} may not import {to}", import.line, import.path));
            }
        }
    }

    /// The outermost module of a file.
    fn module(&self, file: &Path) -> PathBuf {
        file.strip_prefix(self.source).unwrap_or(file).components().take(1).collect()
    }

    /// The module of a file, and its layer, counted from the top.
    fn place(&self, file: &Path) -> Option<(&'static str, usize)> {
        let path = file.strip_prefix(self.source).ok()?.with_extension("");
        let module = if path.ends_with("mod") { path.parent()?.to_owned() } else { path };
        let holds = |name: &str| module.starts_with(name.split("::").collect::<PathBuf>());
        let places = self.layers.iter().enumerate();
        let places = places.flat_map(|(layer, modules)| modules.iter().map(move |module| (*module, layer)));
        places.filter(|(name, _)| holds(name)).max_by_key(|(name, _)| name.len())
    }

    /// The layers as docs/architecture.md shows them: one a line, the top first.
    pub(crate) fn drawing(&self) -> String {
        let lines: Vec<String> = self.layers.iter().map(|modules| modules.join(", ")).collect();
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Layers = Layers {
        source: "src",
        layers: &[&["main"], &["commands", "ui"], &["services", "cli"], &["services::page", "names"]],
        same_layer: &[("commands", "ui")],
        only_for: &[("cli", &["main"])],
        drawn: false,
    };

    fn findings(from: &str, to: &str) -> Vec<String> {
        let (from, to) = (PathBuf::from(from), PathBuf::from(to));
        let import = Import { from: from.clone(), line: 7, to: to.clone(), path: "crate::x::Y".to_owned() };
        let mut findings = Vec::new();
        SMALL.check(&BTreeSet::from([from.as_path(), to.as_path()]), &BTreeSet::from([import]), &mut findings);
        findings
    }

    #[test]
    fn imports_lead_down() {
        for (from, to, allowed) in [
            ("src/main.rs", "src/commands/mod.rs", true),
            ("src/main.rs", "src/names.rs", true),
            ("src/commands/up.rs", "src/commands/mod.rs", true),
            ("src/commands/up.rs", "src/ui/mod.rs", true),
            ("src/services/iam.rs", "src/services/page.rs", true),
            ("src/main.rs", "src/cli.rs", true),
            ("src/ui/mod.rs", "src/commands/up.rs", false),
            ("src/services/page.rs", "src/services/iam.rs", false),
            ("src/names.rs", "src/main.rs", false),
            ("src/ui/mod.rs", "src/cli.rs", false),
        ] {
            assert_eq!(findings(from, to).is_empty(), allowed, "{from} to {to}");
        }
    }

    #[test]
    fn a_finding_has_the_line_and_the_path() {
        let expected = "src/ui/plain.rs:7: `crate::x::Y`: ui may not import commands";
        assert_eq!(findings("src/ui/plain.rs", "src/commands/up.rs"), [expected]);
    }

    #[test]
    fn a_file_without_a_layer_is_found() {
        assert_eq!(findings("src/main.rs", "src/other.rs").len(), 1);
    }

    #[test]
    fn a_module_has_one_place() {
        for table in &LAYERS {
            let modules: Vec<&str> = table.layers.iter().flat_map(|layer| layer.iter().copied()).collect();
            assert_eq!(modules.iter().collect::<BTreeSet<_>>().len(), modules.len(), "{}", table.source);
            let others = table.same_layer.iter().flat_map(|(from, to)| [*from, *to]);
            let others = others
                .chain(table.only_for.iter().flat_map(|(to, from)| [*to].into_iter().chain(from.iter().copied())));
            for other in others {
                assert!(modules.contains(&other), "{}: {other} has no layer", table.source);
            }
        }
    }
}
