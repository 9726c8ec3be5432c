//! AWS's rules for single values. Each says what is wrong, in words that go on from the key's name.

/// Words that a Cognito domain prefix may not contain.
const RESERVED_IN_DOMAIN: [&str; 3] = ["aws", "amazon", "cognito"];

/// What CloudWatch Logs takes as a retention, in days.
pub(super) const RETENTION_DAYS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// Environment variables that Lambda sets itself and refuses from us.
const RESERVED_ENVIRONMENT: [&str; 18] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
];

type Rule = Result<(), String>;

fn lower_or_digit(character: char) -> bool {
    character.is_ascii_lowercase() || character.is_ascii_digit()
}

/// The stack's name.
pub(super) fn name(name: &str) -> Rule {
    let shaped = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|character| lower_or_digit(character) || character == '-');
    if !shaped {
        return Err("must be lower-case letters, digits and hyphens, and begin with a letter".into());
    }
    // With the longest stage and Region, a role's name then keeps within IAM's 64 characters.
    if name.len() > 32 {
        return Err("must be at most 32 characters, because every resource's name is made from it".into());
    }
    Ok(())
}

/// The stage.
pub(super) fn stage(stage: &str) -> Rule {
    let edges = stage.starts_with(lower_or_digit) && stage.ends_with(lower_or_digit);
    if !edges || !stage.chars().all(|character| lower_or_digit(character) || character == '-') {
        return Err("must be lower-case letters, digits and inner hyphens".into());
    }
    if stage.len() > 16 {
        return Err("must be at most 16 characters, because every resource's name is made from it".into());
    }
    Ok(())
}

/// A Region's code: its shape only, for AWS adds Regions more often than we release.
pub(super) fn region(region: &str) -> Rule {
    let parts: Vec<&str> = region.split('-').collect();
    let letters = |part: &str| !part.is_empty() && part.chars().all(|character| character.is_ascii_lowercase());
    let number = |part: &str| part.len() == 1 && part.chars().all(|character| character.is_ascii_digit());
    match parts.split_last() {
        Some((last, first)) if first.len() >= 2 && number(last) && first.iter().all(|part| letters(part)) => Ok(()),
        _ => Err("must be a Region's code such as eu-central-1".into()),
    }
}

/// The reserved word in what is to become a domain prefix.
pub(super) fn reserved_in_domain(prefix: &str) -> Option<&'static str> {
    RESERVED_IN_DOMAIN.into_iter().find(|word| prefix.contains(word))
}

/// A Cognito domain prefix: `^[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?$` without a reserved word.
pub(super) fn domain(prefix: &str) -> Rule {
    if let Some(word) = reserved_in_domain(prefix) {
        return Err(format!("contains the reserved word \"{word}\""));
    }
    let edges = prefix.starts_with(lower_or_digit) && prefix.ends_with(lower_or_digit);
    if !edges || !prefix.chars().all(|character| lower_or_digit(character) || character == '-') || prefix.len() > 63 {
        return Err(
            "must be 1 to 63 lower-case letters, digits and inner hyphens: only the prefix, not a host name".into()
        );
    }
    Ok(())
}

/// A resource server's identifier: `[\x21\x23-\x5B\x5D-\x7E]+`.
pub(super) fn resource_server(identifier: &str) -> Rule {
    printable(identifier, "")
}

/// A scope's name: as the identifier, without `/`.
pub(super) fn scope(scope: &str) -> Rule {
    printable(scope, "/")
}

fn printable(text: &str, also_not: &str) -> Rule {
    let allowed = |character: char| character.is_ascii_graphic() && !matches!(character, '"' | '\\');
    if text.is_empty() || text.len() > 256 {
        return Err("must be 1 to 256 characters".into());
    }
    match text.chars().find(|character| !allowed(*character) || also_not.contains(*character)) {
        Some(character) => Err(format!("may not contain {character:?}")),
        None => Ok(()),
    }
}

/// A media type, `type/subtype`, either part `*`.
pub(super) fn media_type(media_type: &str) -> Rule {
    let part =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "*!#$&^_.+-".contains(c));
    match media_type.split_once('/') {
        Some((kind, subtype)) if part(kind) && part(subtype) => Ok(()),
        _ => Err(format!("must be media types such as image/png or */*, which \"{media_type}\" is not")),
    }
}

/// The name of an environment variable: `[a-zA-Z][a-zA-Z0-9_]+`, and not one of Lambda's own.
pub(super) fn environment_name(name: &str) -> Rule {
    if RESERVED_ENVIRONMENT.contains(&name) {
        return Err("is set by Lambda itself".into());
    }
    let shaped = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.len() >= 2
        && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
    if shaped {
        Ok(())
    } else {
        Err("must be two or more letters, digits and underscores, and begin with a letter".into())
    }
}
