//! Errors of tract, shortened for people.

use tract_onnx::prelude::TractError;

use crate::error::Error;

/// Maximum length of a cause, in characters: tract prints whole graphs.
const MAX_CAUSE: usize = 300;

/// The error for a model file that tract cannot use.
#[expect(clippy::needless_pass_by_value, reason = "fits map_err")]
pub(crate) fn model_error(error: TractError) -> Error {
    Error::Model(cause(&error))
}

/// tract's own terms in plain words.
fn in_words(cause: String) -> String {
    if let Some((left, right)) = cause.strip_prefix("Impossible to unify ").and_then(|rest| rest.split_once(" with ")) {
        let plain = |side: &str| side.trim_end_matches('.').replace("Val(", "").replace("Sym(", "").replace(')', "");
        return format!("its sizes do not match: {} and {}", plain(left), plain(right));
    }
    match cause.as_str() {
        "Operator can not be made a TypedOp." | "Operator can not be made a TypedOp" => {
            "an operator is not supported".to_owned()
        }
        _ => cause,
    }
}

/// The innermost cause, on one line.
pub(crate) fn cause(error: &TractError) -> String {
    let words: Vec<String> = error.root_cause().to_string().split_whitespace().map(str::to_owned).collect();
    let line = in_words(words.join(" "));
    match line.char_indices().nth(MAX_CAUSE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
