//! Any deploy.toml gives a configuration, or a report with a line for each problem.
#![no_main]
#![allow(dead_code, unused_imports, reason = "the deployer's modules contain more than this target uses")]

#[path = "../../crates/deployer/src/config/mod.rs"]
mod config;
#[path = "../../crates/deployer/src/error.rs"]
mod error;
#[path = "../../crates/deployer/src/names.rs"]
mod names;

use std::{path::PathBuf, sync::LazyLock};

use libfuzzer_sys::fuzz_target;

static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("fuzz-deploy-toml-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("m.onnx"), "model").expect("a model");
    folder.join("deploy.toml")
});

fuzz_target!(|data: &[u8]| {
    std::fs::write(&*FILE, data).expect("a file that can be written");
    let flags =
        config::Flags { stage: "dev", region: Some("eu-central-1"), engine: classifier::Engine::ChannelsLast };
    if let Err(error) = config::Config::load(&FILE, &flags) {
        assert_eq!(error::kind_of(&error), error::Kind::Usage, "{error:?}");
    }
});
