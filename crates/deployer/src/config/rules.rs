//! AWS's rules for single values. The error of each continues a sentence that starts with the key's name.
//!
//! Patterns, lengths and ranges come from AWS's published service models unless a comment names another source.

use std::collections::BTreeMap;

use crate::names;

/// Words that a Cognito domain prefix may not contain (Cognito developer guide, *Configuring a user pool domain*).
const RESERVED_IN_DOMAIN: [&str; 3] = ["aws", "amazon", "cognito"];

/// The retention periods that CloudWatch Logs accepts, in days (API reference, PutRetentionPolicy).
pub(super) const RETENTION_DAYS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// Environment variables that Lambda sets itself and does not accept (Lambda developer guide, *Defined runtime
/// environment variables*).
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

/// Lambda's limit on an unpacked zip, in bytes (Lambda developer guide, *Lambda quotas*).
pub const UNZIPPED_LIMIT: usize = 262_144_000;

/// Lambda's limit on all variables together (Lambda developer guide, *Lambda quotas*: 4 KB).
const ENVIRONMENT_BYTES: usize = 4096;

/// Prefixes of the Regions whose ARNs have another partition than `aws`.
const OTHER_PARTITIONS: [(&str, &str); 5] = [
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-iso", "one of the isolated partitions"),
    ("eu-iso", "one of the isolated partitions"),
    ("eusc-", "aws-eusc"),
];

type Rule = Result<(), String>;

fn lower_or_digit(character: char) -> bool {
    character.is_ascii_lowercase() || character.is_ascii_digit()
}

/// The stack's name. Of the names that derive from it, the domain prefix has the strictest rules.
pub(super) fn name(name: &str) -> Rule {
    let shaped = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|character| lower_or_digit(character) || character == '-');
    if !shaped {
        return Err("must be lower-case letters, digits and hyphens, and begin with a letter".into());
    }
    // With the longest stage and a digest, the domain prefix then fits into Cognito's 63 characters.
    if name.len() > 32 {
        return Err("must be at most 32 characters, because every resource's name is made from it".into());
    }
    Ok(())
}

/// The stage. API Gateway accepts `[a-zA-Z0-9_-]{1,128}`, but a domain prefix has neither capitals nor underscores.
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

/// A Region's code. Only its form, `[a-z]{2}-[a-z]+-\d`, is checked, because AWS adds Regions more often than we
/// release.
pub(super) fn region(region: &str) -> Rule {
    if let Some((_, partition)) = OTHER_PARTITIONS.iter().find(|(prefix, _)| region.starts_with(prefix)) {
        let text = format!("is a Region of another partition ({partition}); only partition aws is supported");
        return Err(text);
    }
    let letters = |part: &str| !part.is_empty() && part.chars().all(|character| character.is_ascii_lowercase());
    let digit = |part: &str| part.len() == 1 && part.chars().all(|character| character.is_ascii_digit());
    match region.split('-').collect::<Vec<_>>()[..] {
        [geography, area, number] if geography.len() == 2 && letters(geography) && letters(area) && digit(number) => {
            Ok(())
        }
        _ => Err("must be a Region's code such as eu-central-1".into()),
    }
}

/// The Region of a stack: its code, and the length of the role's name that contains it.
pub(super) fn stack_region(name: &str, stage: &str, code: &str) -> Rule {
    region(code).and_then(|()| role(&names::role(name, stage, code)))
}

/// The execution role's name, which contains stack, stage and Region. IAM allows 64 characters.
fn role(role: &str) -> Rule {
    if role.len() <= 64 {
        return Ok(());
    }
    Err(format!(
        "makes the role's name \"{role}\" {} characters long, and IAM allows 64: choose a shorter name",
        role.len()
    ))
}

/// The reserved word in a text that becomes part of a domain prefix.
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

/// A resource server's identifier: `[\x21\x23-\x5B\x5D-\x7E]+`, at most 256.
pub(super) fn resource_server(identifier: &str) -> Rule {
    printable(identifier, "")
}

/// A scope's name: as the identifier, without `/`.
pub(super) fn scope(scope: &str) -> Rule {
    printable(scope, "/")
}

/// A full scope, as clients, methods and tokens name it. Cognito allows 256 characters in a client's list.
pub(super) fn full_scope(identifier: &str, scope: &str) -> Rule {
    let length = identifier.len() + 1 + scope.len();
    if length <= 256 {
        return Ok(());
    }
    Err(format!("makes a scope <resource_server>/<scope> of {length} characters, and Cognito allows 256"))
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

/// A media type: `type/subtype`, a family `type/*`, or `*/*` (API Gateway developer guide, *Working with binary media
/// types*). API Gateway's model has no pattern; the parts are RFC 6838's restricted names.
pub(super) fn media_type(media_type: &str) -> Rule {
    let name = |part: &str| {
        part.len() <= 127
            && part.starts_with(|first: char| first.is_ascii_alphanumeric())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&^_.+-".contains(c))
    };
    match media_type.split_once('/') {
        Some(("*", "*")) => Ok(()),
        Some((kind, subtype)) if name(kind) && (subtype == "*" || name(subtype)) => Ok(()),
        _ => Err(format!("must be media types such as image/png, image/* or */*, which {media_type:?} is not")),
    }
}

/// An origin as browsers send it (RFC 6454, section 6.2): a scheme, a host in lower case, and a port unless it is the scheme's own;
/// or `*`.
pub(super) fn origin(origin: &str) -> Rule {
    let shape =
        || Err(format!("must be origins such as https://app.example.com, or \"*\" alone, which {origin:?} is not"));
    if origin == "*" {
        return Ok(());
    }
    let (host, own_port) = match (origin.strip_prefix("https://"), origin.strip_prefix("http://")) {
        (Some(host), _) => (host, "443"),
        (_, Some(host)) => (host, "80"),
        _ => return shape(),
    };
    if let Some(extra) = host.find(['/', '?', '#', '@', '*']) {
        return Err(match &host[extra..] {
            "/" => format!("must not end in a slash: {:?}", origin.trim_end_matches('/')),
            rest if rest.starts_with('*') => {
                format!("must name each host, because {origin:?} has a wildcard; only \"*\" alone is one")
            }
            _ => format!("must be an origin without user, path or query, which {origin:?} has"),
        });
    }
    let (host, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) if address.parse::<std::net::Ipv6Addr>().is_ok() => ("", port),
        Some(_) => return shape(),
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|character| lower_or_digit(character) || matches!(character, '-' | '_'))
    };
    let is_name = host.len() <= 253 && host.split('.').all(label);
    if host.chars().any(|character| character.is_ascii_uppercase()) {
        return Err(format!("must be in lower case, as browsers send it: {:?}", origin.to_ascii_lowercase()));
    }
    let is_ip_6 = origin.contains("://[");
    if !(is_ip_6 || is_name) {
        return shape();
    }
    match port.strip_prefix(':') {
        None if port.is_empty() => Ok(()),
        Some(number) if number == own_port => {
            Err(format!("must not name the port {own_port}, which browsers leave out"))
        }
        Some(number) if number.parse::<u16>().is_ok_and(|port| port > 0 && port.to_string() == number) => Ok(()),
        _ => shape(),
    }
}

/// The name of an environment variable: `[a-zA-Z]([a-zA-Z0-9_])+`, and not one of Lambda's own.
pub(super) fn environment_name(name: &str) -> Rule {
    if RESERVED_ENVIRONMENT.contains(&name) {
        return Err("is set by Lambda itself".into());
    }
    if name == names::CORS_VARIABLE {
        return Err("is set from cors_origins in [api]".into());
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

/// The value of an environment variable. Lambda's model has no pattern for it, but no environment can contain a NUL.
pub(super) fn environment_value(value: &str) -> Rule {
    if value.contains('\0') { Err("may not contain a NUL character".into()) } else { Ok(()) }
}

/// All variables together. Lambda measures them as a JSON object: its error quotes the string that it measured.
pub(super) fn environment(variables: &BTreeMap<String, String>) -> Rule {
    let bytes = serde_json::to_string(variables).map_or(usize::MAX, |text| text.len());
    if bytes <= ENVIRONMENT_BYTES {
        return Ok(());
    }
    Err(format!("comes to {bytes} bytes as a JSON object, and Lambda allows {ENVIRONMENT_BYTES}"))
}
