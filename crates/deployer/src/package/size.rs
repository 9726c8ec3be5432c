//! How large a package is, and what Lambda accepts: 250 MB unpacked, and a zip of 50 MB in the call itself. A larger
//! zip is uploaded to S3 first.

use serde::Serialize;

use super::{Model, archive};
use crate::{config::UNZIPPED_LIMIT, error::Failure, resources::function::DIRECT_LIMIT};

/// A bootstrap's size until it is built: unzipped and zipped, in bytes, without tract and with it. Measured with profile
/// `lambda` on x86_64, rounded up.
const BOOTSTRAP: [(usize, usize); 2] = [(2_700_000, 1_200_000), (20_000_000, 7_000_000)];
/// No bootstrap that is built here is larger zipped, in any profile.
const LARGEST_BOOTSTRAP: usize = 16 * 1024 * 1024;

/// What a package will be, as far as the model alone shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Estimate {
    pub zipped_bytes: usize,
    pub unzipped_bytes: usize,
    pub upload: Route,
}

/// How a zip gets to Lambda.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Route {
    /// In the call to Lambda.
    Direct,
    /// Through an S3 bucket.
    S3,
}

impl Route {
    /// The route of a zip with this many bytes.
    pub fn of(zipped_bytes: usize) -> Self {
        if zipped_bytes <= DIRECT_LIMIT { Self::Direct } else { Self::S3 }
    }

    /// In a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::Direct => "uploaded directly",
            Self::S3 => "uploaded through S3",
        }
    }
}

/// Estimates a model's package. Its own files are packed, to see how much smaller they become.
pub(super) fn estimate(model: &Model) -> zip::result::ZipResult<Estimate> {
    let (files, (unzipped, zipped)) = match &model.prepared {
        Some(prepared) => (prepared, BOOTSTRAP[0]),
        None => (&model.given, BOOTSTRAP[1]),
    };
    let zipped_bytes = zipped + archive::zip(files)?.len();
    let unzipped_bytes = unzipped + model_bytes(files);
    Ok(Estimate { zipped_bytes, unzipped_bytes, upload: Route::of(zipped_bytes) })
}

/// Whether the zip is uploaded directly, whatever its bootstrap turns out to be. `bootstrap` is the size of one that is
/// not built here.
pub(super) fn surely_direct(model: &Model, bootstrap: Option<usize>) -> bool {
    let given = model_bytes(&model.given);
    let files = model.prepared.as_ref().map_or(given, |prepared| given.max(model_bytes(prepared)));
    // Names and headers of three files.
    let overhead = 4096;
    files + bootstrap.unwrap_or(LARGEST_BOOTSTRAP) + overhead <= DIRECT_LIMIT
}

pub(super) fn model_bytes(files: &[archive::Entry]) -> usize {
    files.iter().map(|file| file.bytes.len()).sum()
}

/// Refuses what Lambda would not unpack. `bootstrap` is 0 until it is built.
pub(super) fn check_unzipped(model: usize, bootstrap: usize) -> anyhow::Result<()> {
    if model + bootstrap <= UNZIPPED_LIMIT {
        return Ok(());
    }
    let parts = match bootstrap {
        0 => format!("the model alone has {}", size(model)),
        _ => format!("{} of model and {} of bootstrap", size(model), size(bootstrap)),
    };
    let text = format!("packaging: {parts}, and Lambda unpacks {} at most", size(UNZIPPED_LIMIT));
    Err(Failure::failed(text).hint("use a model with fewer weights; nothing was sent").into())
}

/// Refuses a zip that a call to Lambda cannot carry.
pub(super) fn check_zipped(bytes: usize) -> anyhow::Result<()> {
    if Route::of(bytes) == Route::Direct {
        return Ok(());
    }
    let text = format!("packaging: {} zipped, and Lambda accepts {} at most", size(bytes), size(DIRECT_LIMIT));
    Err(Failure::failed(text).hint("use a model with fewer weights; nothing was sent").into())
}

/// `4.1 MB`
pub fn size(bytes: usize) -> String {
    format!("{:.1} MB", bytes as f64 / 1_048_576.0)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn what_lambda_would_not_unpack_is_refused_with_the_numbers() {
        check_unzipped(UNZIPPED_LIMIT - 7, 7).unwrap();
        let error = check_unzipped(UNZIPPED_LIMIT - 6, 7).unwrap_err().to_string();
        assert_eq!(error, "packaging: 250.0 MB of model and 0.0 MB of bootstrap, and Lambda unpacks 250.0 MB at most");
        let error = check_unzipped(UNZIPPED_LIMIT * 2, 0).unwrap_err().to_string();
        assert_eq!(error, "packaging: the model alone has 500.0 MB, and Lambda unpacks 250.0 MB at most");
    }

    #[test]
    fn the_route_follows_from_the_size() {
        assert_eq!(Route::of(DIRECT_LIMIT), Route::Direct);
        assert_eq!(Route::of(DIRECT_LIMIT + 1), Route::S3);
    }
}
