//! Valid and invalid deploy.toml files.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod boundaries;
mod derived_names;

use std::{
    fs,
    path::{Path, PathBuf},
};

use classifier::{Color, Filter};
use tempfile::TempDir;

use super::*;
use crate::error::{Failure, Kind, kind_of};

fn load(path: &Path, stage: &str, region: Option<&str>) -> anyhow::Result<Config> {
    Config::load(path, &Flags { stage, region, engine: classifier::Engine::default() })
}

struct Folder(TempDir);

impl Folder {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("deploy.toml"), text).unwrap();
        fs::write(folder.path().join("m.onnx"), "model").unwrap();
        fs::write(folder.path().join("labels.txt"), "a\nb\n").unwrap();
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("deploy.toml")
    }

    fn load(&self) -> anyhow::Result<Config> {
        load(&self.path(), "dev", None)
    }

    fn problems(&self) -> Vec<String> {
        self.problems_of(self.load())
    }

    /// The reported problems, one per line, without the folder's name.
    fn problems_of(&self, loaded: anyhow::Result<Config>) -> Vec<String> {
        let error = loaded.unwrap_err();
        assert_eq!(kind_of(&error), Kind::Usage);
        let last = error.chain().last().unwrap().to_string();
        let folder = format!("{}/", self.0.path().display());
        let problems: Vec<String> = last.lines().map(|line| line.replace(&folder, "")).collect();
        let count = error.to_string();
        assert!(count.contains(&format!(": {} problem", problems.len())), "{count}");
        problems
    }
}

fn problems(text: &str) -> Vec<String> {
    Folder::new(text).problems()
}

#[test]
fn the_smallest_file_gets_every_default() {
    let folder = Folder::new("name = \"mnist\"\n[model]\npath = \"m.onnx\"\n");
    let config = folder.load().unwrap();
    assert_eq!((config.name.as_str(), config.stage.as_str(), config.region.as_deref()), ("mnist", "dev", None));
    assert_eq!(config.root, folder.0.path());
    assert_eq!(
        config.model,
        ModelConfig {
            path: folder.0.path().join("m.onnx"),
            labels: None,
            top_k: 5,
            output: None,
            activation: None,
            engine: classifier::Engine::default()
        }
    );
    assert_eq!(config.preprocess, PreprocessConfig::default());
    assert_eq!((config.function.memory_mb, config.function.timeout_s), (1024, 15));
    assert_eq!(config.auth.full_scopes(), ["predict-api/predict"]);
    assert_eq!(config.api.binary_media_types, ["*/*"]);
}

#[test]
fn every_key_is_read() {
    let folder = Folder::new(
        r#"name = "digits"
region = "eu-central-1"
[model]
path = "m.onnx"
labels = "labels.txt"
top_k = 2
[preprocess]
size = [28, 28]
color = "RGB"
filter = "lanczos"
invert = true
scale = 0.5
mean = [1, 2.5, 3]
std = [2]
[function]
memory_mb = 2048
timeout_s = 29
architecture = "arm64"
log_retention_days = 30
reserved_concurrency = 5
environment = { LEVEL = "debug" }
bootstrap = "m.onnx"
[auth]
domain = "digits-of-mine"
resource_server = "https://example.org/api"
scopes = ["a", "b:c"]
token_minutes = 5
deletion_protection = true
[api]
binary_media_types = ["image/png"]
throttle_rate = 10
throttle_burst = 20
"#,
    );
    let config = folder.load().unwrap();
    assert_eq!(config.region.as_deref(), Some("eu-central-1"));
    assert_eq!(config.model.top_k, 2);
    let preprocess = config.preprocess.fields().finish();
    assert_eq!(
        (preprocess.size, preprocess.color, preprocess.filter),
        (Some([28, 28]), Some(Color::Rgb), Filter::Lanczos)
    );
    assert_eq!((&preprocess.mean[..], &preprocess.std[..]), (&[1.0, 2.5, 3.0][..], &[2.0][..]));
    assert_eq!((preprocess.invert, &preprocess.scale[..]), (true, &[0.5][..]));
    assert_eq!(config.function.architecture, Architecture::Arm64);
    assert_eq!(config.function.environment["LEVEL"], "debug");
    assert_eq!(config.function.reserved_concurrency, Some(5));
    assert_eq!(config.function.bootstrap, Some(folder.0.path().join("m.onnx")));
    assert_eq!(config.auth.full_scopes(), ["https://example.org/api/a", "https://example.org/api/b:c"]);
    assert_eq!((config.auth.token_minutes, config.auth.deletion_protection), (5, true));
    assert_eq!((config.api.throttle_rate, config.api.throttle_burst), (Some(10.0), Some(20)));
}

#[test]
fn a_preset_gives_what_is_not_written_beside_it() {
    let text = |lines: &str| format!("name = \"a\"\n[model]\npath = \"m.onnx\"\n[preprocess]\n{lines}\n");
    let config = Folder::new(&text("preset = \"keras-caffe\"\nmean = 1\nscale = \"1/255\"")).load().unwrap().preprocess;
    assert_eq!(config.preset.unwrap().name, "keras-caffe");
    assert_eq!((config.written.mean.clone(), config.written.color), (Some(vec![1.0]), None));
    let settings = config.fields().finish();
    assert_eq!((settings.color, settings.mean, settings.scale), (Some(Color::Bgr), vec![1.0], vec![1.0 / 255.0]));
    let grey = problems(&text("preset = \"pytorch-mnist\"\nmean = [1, 2, 3]"));
    assert!(grey.len() == 1 && grey[0].contains("because color L has one channel"), "{grey:?}");
}

#[test]
fn all_problems_come_in_one_report_with_their_lines() {
    let found = problems(
        r#"name = "Digits"
colour = 1
region = "europe"
[model]
path = "absent.onnx"
labels = 3
[function]
memory = 512
memory_mb = 64
timeout_s = 60
log_retention_days = 8
architecture = "arm"
[function.environment]
AWS_REGION = "x"
[auth]
domain = "my-aws-thing"
scopes = ["ok", "a/b", "ok"]
token_minutes = 4
[api]
binary_media_types = [
  "image/png",
  "png",
]
throttle_rate = 0
"#,
    );
    let expected = [
        "deploy.toml:1: name must be lower-case letters, digits and hyphens, and begin with a letter",
        "deploy.toml:2: unknown key \"colour\"",
        "deploy.toml:3: region must be a Region's code such as eu-central-1",
        "deploy.toml:5: path in [model] names \"absent.onnx\", which does not exist",
        "deploy.toml:6: labels in [model] must be a string, not an integer",
        "deploy.toml:8: unknown key \"memory\" in [function]; did you mean \"memory_mb\"?",
        "deploy.toml:9: memory_mb in [function] must be 128 to 10240",
        "deploy.toml:10: timeout_s in [function] must be 1 to 29, because API Gateway waits no longer",
    ];
    assert_eq!(&found[..8], &expected[..]);
    assert!(found[8].starts_with("deploy.toml:11: log_retention_days in [function] must be one of 1, 3, 5, 7"));
    let expected = [
        "deploy.toml:12: architecture in [function] must be one of x86_64, arm64; did you mean \"arm64\"?",
        "deploy.toml:14: AWS_REGION in [function.environment] is set by Lambda itself",
        "deploy.toml:16: domain in [auth] contains the reserved word \"aws\"",
        "deploy.toml:17: scopes in [auth] may not contain '/'",
        "deploy.toml:17: scopes in [auth] contains \"ok\" twice",
        "deploy.toml:18: token_minutes in [auth] must be 5 to 1440",
        "deploy.toml:22: binary_media_types in [api] must be media types such as image/png, image/* or */*, which \"png\" is not",
        "deploy.toml:24: throttle_rate in [api] must be more than 0 and at most 2147483647 requests a second",
    ];
    assert_eq!(&found[9..], &expected[..]);
}

#[test]
fn what_is_missing_is_named() {
    assert_eq!(problems("[model]\n"), ["deploy.toml:1: name is missing", "deploy.toml:1: path in [model] is missing"]);
    assert_eq!(
        problems("name = \"a\"\nmodel = 3\n"),
        ["deploy.toml:2: model must be a table, not an integer", "deploy.toml:2: path in [model] is missing"]
    );
}

#[test]
fn a_syntax_error_has_its_line() {
    let found = problems("name = \"a\"\n[model\npath = 1\n");
    assert!(found.len() == 1 && found[0].starts_with("deploy.toml:2: not TOML: "), "{found:?}");
}

#[test]
fn a_derived_domain_may_hold_no_reserved_word() {
    let text = "name = \"aws-digits\"\n[model]\npath = \"m.onnx\"\n";
    assert_eq!(
        problems(text),
        ["deploy.toml:1: name would put the reserved word \"aws\" into the token domain; set domain in [auth]"]
    );
    Folder::new(&format!("{text}[auth]\ndomain = \"digits\"\n")).load().unwrap();

    let folder = Folder::new("name = \"a\"\n[model]\npath = \"m.onnx\"\n");
    assert_eq!(
        folder.problems_of(load(&folder.path(), "my-cognito", None)),
        ["--stage \"my-cognito\" would put the reserved word \"cognito\" into the token domain; set domain in [auth]"]
    );
    let folder = Folder::new("name = \"a\"\n[model]\npath = \"m.onnx\"\n[auth]\ndomain = \"digits\"\n");
    load(&folder.path(), "my-cognito", None).unwrap();
}

#[test]
fn what_the_command_line_gives_is_checked_in_the_same_report() {
    let folder = Folder::new("name = \"A\"\n[model]\npath = \"m.onnx\"\n");
    let found = folder.problems_of(load(&folder.path(), "Prod_1", Some("cn-north-1")));
    assert_eq!(
        found,
        [
            "--stage \"Prod_1\" must be lower-case letters, digits and inner hyphens",
            "--region \"cn-north-1\" is a Region of another partition (aws-cn); only partition aws is supported",
            "deploy.toml:1: name must be lower-case letters, digits and hyphens, and begin with a letter",
        ]
    );
}

#[test]
fn a_region_of_the_environment_is_checked_as_the_files_own() {
    let config = Folder::new("name = \"a\"\n[model]\npath = \"m.onnx\"\n").load().unwrap();
    config.check_region("ap-southeast-1").unwrap();
    let error = config.check_region("us-gov-west-1").unwrap_err();
    assert_eq!(kind_of(&error), Kind::Usage);
    assert!(error.to_string().contains("aws-us-gov"), "{error}");
}

#[test]
fn a_syntax_error_is_one_line_whatever_its_text() {
    for text in ["name = ", "name = \"a\nb\"", "[model", "a = 1\na = 2\n", "= 3", "name = 'a' 'b'", "\u{0}"] {
        let found = problems(text);
        assert!(found.len() == 1 && found[0].starts_with("deploy.toml:"), "{text:?}: {found:?}");
    }
    let repeated = problems("name = \"a\"\n[model]\npath = \"m.onnx\"\n\n[model]\n");
    assert!(repeated.len() == 1 && repeated[0].starts_with("deploy.toml:5: not TOML: "), "{repeated:?}");
}

#[test]
fn a_quoted_key_cannot_break_the_report() {
    assert_eq!(
        problems("name = \"a\"\n\"x\\ny\" = 1\n[model]\npath = \"m.onnx\"\n"),
        ["deploy.toml:2: unknown key \"x\\ny\""]
    );
}

#[test]
fn an_absent_file_is_a_usage_error_with_a_hint() {
    let error = load(Path::new("/nonexistent/deploy.toml"), "dev", None).unwrap_err();
    assert_eq!(kind_of(&error), Kind::Usage);
    assert!(error.downcast_ref::<Failure>().unwrap().hint.as_ref().unwrap().contains("--config"));
}
