//! Wildcard patterns in policies: `*` matches any text, `?` any one character.

/// Whether `pattern` matches all of `text`.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // The position of the last star, and how much of the text it matches so far.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if p < pattern.len() && pattern[p] == '*' {
            star = Some((p, t));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == '?' || pattern[p] == text[t]) {
            p += 1;
            t += 1;
        } else if let Some((at, matched)) = star {
            star = Some((at, matched + 1));
            p = at + 1;
            t = matched + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&rest| rest == '*')
}

/// Whether an action matches; actions are case-insensitive.
pub(super) fn matches_action(pattern: &str, action: &str) -> bool {
    matches(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase())
}

/// Whether an ARN matches. The five parts before the resource are compared one by one, so a star in one part does not
/// match into the next.
pub(super) fn matches_arn(pattern: &str, arn: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let (pattern, arn): (Vec<&str>, Vec<&str>) = (pattern.splitn(6, ':').collect(), arn.splitn(6, ':').collect());
    pattern.len() == arn.len() && pattern.iter().zip(&arn).all(|(pattern, part)| matches(pattern, part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_match() {
        for (pattern, text) in [("*", ""), ("a*c", "abbc"), ("a*b*c", "a-b-b-c"), ("a?c", "abc"), ("**", "x"), ("", "")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a*c", "abcd"), ("a?c", "ac"), ("", "x"), ("A", "a")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
        assert!(matches_action("Lambda:get*", "lambda:GetFunction"));
    }

    #[test]
    fn a_star_matches_within_one_part_of_an_arn_or_the_whole_resource() {
        let arn = "arn:aws:logs:us-east-1:1:log-group:/aws/lambda/f:log-stream:s";
        assert!(matches_arn("arn:aws:logs:*:1:log-group:/aws/lambda/f:*", arn));
        assert!(matches_arn("*", arn));
        assert!(!matches_arn("arn:aws:logs:*:log-group:*", arn));
        assert!(!matches_arn("arn:aws:logs:us-east-1:1:log-group:/aws/lambda/f", arn));
        assert!(!matches_arn("arn:aws:logs:us-east-1:1:*", "*"));
    }

    #[test]
    fn a_star_matches_colons_in_plain_text() {
        let caller = "arn:aws:execute-api:eu-west-1:1:abc/dev/POST/predict";
        for pattern in ["*", caller, "arn:aws:execute-api:eu-west-1:1:abc/*/POST/predict", "*/POST/*", "*/d?v/*/pre*t"]
        {
            assert!(matches(pattern, caller), "{pattern}");
        }
        for pattern in ["", "arn:aws:execute-api:eu-west-1:1:abc/*/GET/*", "*/POST", "*/POST/predict?", "*/POST/predic"]
        {
            assert!(!matches(pattern, caller), "{pattern}");
        }
    }
}
