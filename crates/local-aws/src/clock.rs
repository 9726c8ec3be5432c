//! Timestamps: stored as milliseconds since the Unix epoch, formatted as each protocol wants them.

use std::time::{SystemTime, UNIX_EPOCH};

use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

/// `2024-01-01T00:00:00Z`, the format of the query protocol.
const ISO_8601: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

/// `2024-01-01T00:00:00.000+0000`, the format of Lambda's `LastModified`.
const LAMBDA: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]+0000");

/// `20240101T000000Z`, the format of `x-amz-date`.
pub(crate) const AMZ_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");

/// Milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Whole seconds since the Unix epoch.
pub(crate) fn now_s() -> u64 {
    now_ms() / 1000
}

/// Formats a timestamp for the query protocol.
pub(crate) fn iso_8601(ms: u64) -> String {
    format(ms, ISO_8601)
}

/// Formats a timestamp for Lambda.
pub(crate) fn lambda_time(ms: u64) -> String {
    format(ms, LAMBDA)
}

/// Formats a timestamp as `x-amz-date`.
pub(crate) fn amz_date(ms: u64) -> String {
    format(ms, AMZ_DATE)
}

/// A timestamp in the JSON protocols: seconds, with milliseconds as the fraction.
pub(crate) fn epoch_s(ms: u64) -> f64 {
    let whole = u32::try_from(ms / 1000).unwrap_or(u32::MAX);
    let rest = u16::try_from(ms % 1000).unwrap_or_default();
    f64::from(whole) + f64::from(rest) / 1000.0
}

/// Formats a timestamp; empty for a year beyond 9999.
pub(crate) fn format(ms: u64, format: &[BorrowedFormatItem<'_>]) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .ok()
        .and_then(|time| time.format(format).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_shows_the_same_timestamp() {
        let ms = 1_704_067_201_234;
        assert_eq!(iso_8601(ms), "2024-01-01T00:00:01Z");
        assert_eq!(lambda_time(ms), "2024-01-01T00:00:01.234+0000");
        assert_eq!(amz_date(ms), "20240101T000001Z");
        assert!((epoch_s(ms) - 1_704_067_201.234).abs() < 1e-6);
    }
}
