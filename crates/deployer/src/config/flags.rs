//! The command line's values, which extend or override those in deploy.toml.

/// The flags that decide what a [`Config`](super::Config) is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flags<'a> {
    /// `--stage`
    pub stage: &'a str,
    /// `--region`, which takes precedence over deploy.toml.
    pub region: Option<&'a str>,
    /// `--engine`
    pub engine: classifier::Engine,
}
