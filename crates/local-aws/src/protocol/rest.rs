//! Paths and query strings of the REST services.

use percent_encoding::percent_decode_str;

/// The segments of a path, each percent-decoded: an encoded slash stays inside its segment.
pub(crate) fn segments(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|part| !part.is_empty())
        .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
        .collect()
}

/// The parameters of a query string or form, in order.
pub(crate) fn pairs(text: &str) -> Vec<(String, String)> {
    serde_urlencoded::from_str(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoded_slash_does_not_split_a_path() {
        assert_eq!(segments("/tags/arn%3Aaws%3A%2Frestapis%2Fa/"), ["tags", "arn:aws:/restapis/a"]);
    }

    #[test]
    fn repeated_parameters_are_kept() {
        let found = pairs("tagKeys=a%20b&tagKeys=c");
        assert_eq!(found, [("tagKeys".to_owned(), "a b".to_owned()), ("tagKeys".to_owned(), "c".to_owned())]);
    }
}
