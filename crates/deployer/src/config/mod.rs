//! deploy.toml: read, checked as a whole before anything is sent, and combined with the flags into a [`Target`].

mod checked;
mod flags;
mod load;
mod preprocess;
mod raw;
mod rules;
mod target;
mod validate;

#[cfg(test)]
mod tests;

#[cfg(test)]
pub use checked::{ApiConfig, AuthConfig, FunctionConfig, ModelConfig, PreprocessConfig};
pub use checked::{Architecture, Config};
pub use flags::Flags;
pub use rules::UNZIPPED_LIMIT;
pub use target::Target;
