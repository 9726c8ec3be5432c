//! What can go wrong, by whose fault: each variant is one HTTP status of the handler.

/// Why an image got no prediction, or why a model cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes are of no image format at all (400).
    #[error("{0}")]
    NotAnImage(String),
    /// The format is known and read, but the data is cut short or damaged (400).
    #[error("{0}")]
    Damaged(String),
    /// More pixels or memory than is allowed (413).
    #[error("{0}")]
    TooLarge(String),
    /// An image of a format that is not read, such as TIFF (415).
    #[error("{0}")]
    UnsupportedFormat(String),
    /// An intact image of a readable format that cannot become the model's input (422).
    #[error("{0}")]
    Unprocessable(String),
    /// The manifest or the model file is at fault, or inference failed (500).
    #[error("{0}")]
    Model(String),
}
