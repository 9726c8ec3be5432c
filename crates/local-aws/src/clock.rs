//! Time, in the forms that the services store (milliseconds since the Unix epoch) and the protocols show.

use std::time::{SystemTime, UNIX_EPOCH};

use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

/// `2024-01-01T00:00:00Z`, the query protocol's form.
const ISO_8601: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

/// `2024-01-01T00:00:00.000+0000`, as Lambda shows when a function was modified.
const LAMBDA: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]+0000");

/// `20240101T000000Z`, the form of `x-amz-date`.
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

/// A moment as the query protocol writes it.
pub(crate) fn iso_8601(ms: u64) -> String {
    show(ms, ISO_8601)
}

/// A moment as Lambda writes it.
pub(crate) fn lambda_time(ms: u64) -> String {
    show(ms, LAMBDA)
}

/// A moment as `x-amz-date` writes it.
pub(crate) fn amz_date(ms: u64) -> String {
    show(ms, AMZ_DATE)
}

/// A moment as the JSON protocols write it: seconds, with the milliseconds behind the point.
pub(crate) fn epoch_s(ms: u64) -> f64 {
    let whole = u32::try_from(ms / 1000).unwrap_or(u32::MAX);
    let rest = u16::try_from(ms % 1000).unwrap_or_default();
    f64::from(whole) + f64::from(rest) / 1000.0
}

fn show(ms: u64, form: &[BorrowedFormatItem<'_>]) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .ok()
        .and_then(|moment| moment.format(form).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_shows_the_same_moment() {
        let ms = 1_704_067_201_234;
        assert_eq!(iso_8601(ms), "2024-01-01T00:00:01Z");
        assert_eq!(lambda_time(ms), "2024-01-01T00:00:01.234+0000");
        assert_eq!(amz_date(ms), "20240101T000001Z");
        assert!((epoch_s(ms) - 1_704_067_201.234).abs() < 1e-6);
    }
}
