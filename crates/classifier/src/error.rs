//! Errors of this crate. Each variant corresponds to one HTTP status of the handler.

/// Why an image could not be classified, or a model not loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The data is not an image (400).
    #[error("{0}")]
    NotAnImage(String),
    /// The image is truncated or damaged (400).
    #[error("{0}")]
    Damaged(String),
    /// The image exceeds the limits on pixels or memory (413).
    #[error("{0}")]
    TooLarge(String),
    /// The image has an unsupported format, such as TIFF (415).
    #[error("{0}")]
    UnsupportedFormat(String),
    /// The image is intact but cannot become the model's input (422).
    #[error("{0}")]
    Unprocessable(String),
    /// The manifest leaves open what the model does not say. The text names the keys that decide.
    #[error("{0}")]
    Undecided(String),
    /// The manifest or the model is invalid, or inference failed (500).
    #[error("{0}")]
    Model(String),
}
