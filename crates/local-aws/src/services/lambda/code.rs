//! The code of a function: checks an uploaded zip, and replaces the code of `$LATEST`.

use std::io::{self, Cursor, Read as _};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha2::{Digest as _, Sha256};
use zip::ZipArchive;

use super::{
    error::invalid,
    readiness::{check_changeable, find_changeable},
    settings,
    target::{find, whole_function},
    version, view,
};
use crate::{
    cloud::Cloud,
    functions::MAX_UNZIPPED,
    input::Input,
    outcome::{ApiError, Outcome, Response},
    random,
    request::Request,
    state::lambda::Version,
    store::Store,
};

/// The largest zip that can be uploaded directly, in bytes.
const MAX_ZIPPED: usize = 50 * 1024 * 1024;

/// A checked zip.
pub(super) struct Code {
    bytes: Vec<u8>,
}

impl Code {
    /// Reads and checks the zip in `input`: the member `Code` of CreateFunction, or the whole input of
    /// UpdateFunctionCode.
    pub(super) fn read(request: &Request, input: &Input<'_>) -> Result<Self, ApiError> {
        input.reject_unsupported(&[
            "S3Bucket",
            "S3Key",
            "S3ObjectVersion",
            "S3ObjectStorageMode",
            "ImageUri",
            "SourceKMSKeyArn",
        ])?;
        let text = input.text("ZipFile")?.ok_or_else(|| invalid("Please provide a source for function code."))?;
        let bytes = BASE64_STANDARD.decode(text).map_err(|_| ApiError::serialization("ZipFile must be base64"))?;
        if bytes.len() > MAX_ZIPPED {
            let operation = &request.operation;
            let message = format!("Request must be smaller than 70167211 bytes for the {operation} operation");
            return Err(ApiError::new(413, "RequestEntityTooLargeException", message));
        }
        check_zip(&bytes)?;
        Ok(Self { bytes })
    }

    /// Stores the zip, and sets it as the code of `version`.
    pub(super) fn put(&self, store: &Store, version: &mut Version) -> Result<(), ApiError> {
        version.code_sha256_hex = store.put_blob(&self.bytes)?;
        version.code_sha256 = BASE64_STANDARD.encode(Sha256::digest(&self.bytes));
        version.code_size = u64::try_from(self.bytes.len()).unwrap_or(u64::MAX);
        Ok(())
    }
}

/// Unpacks everything and discards it: only this verifies checksums and real sizes.
fn check_zip(bytes: &[u8]) -> Result<(), ApiError> {
    let unreadable = "Could not unzip uploaded file. Please check your file, then try to upload again.";
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| invalid(unreadable))?;
    if archive.is_empty() {
        return Err(invalid("Uploaded file must be a non-empty zip"));
    }
    let mut remaining = MAX_UNZIPPED;
    for index in 0..archive.len() {
        let file = archive.by_index(index).map_err(|_| invalid(unreadable))?;
        let read = io::copy(&mut file.take(remaining + 1), &mut io::sink()).map_err(|_| invalid(unreadable))?;
        remaining = remaining
            .checked_sub(read)
            .ok_or_else(|| invalid(format!("Unzipped size must be smaller than {MAX_UNZIPPED} bytes")))?;
    }
    Ok(())
}

pub(super) fn update(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let name = whole_function(request)?;
    input.reject_unsupported(&["PublishTo"])?;
    // Look up the function first, so that an unknown one is not refused for its zip.
    cloud
        .store
        .read(|state| find(request, state, &name).and_then(|function| check_changeable(function, request.now_ms)))?;
    let code = Code::read(request, &input)?;
    let publish = input.flag("Publish")?.unwrap_or(false);
    let dry_run = input.flag("DryRun")?.unwrap_or(false);
    let mut new_code = None;
    if !dry_run {
        let mut with_code =
            cloud.store.read(|state| find(request, state, &name).map(|function| function.latest.clone()))?;
        code.put(&cloud.store, &mut with_code)?;
        new_code = Some(with_code);
    }
    let revision_id = random::uuid();
    let shown = cloud.store.write(|state| {
        let function = find_changeable(request, state.region_mut(&request.region), &name)?;
        let mut latest = function.latest.clone();
        settings::apply_architecture(&input, &mut latest)?;
        let Some(new_code) = new_code else {
            return Ok::<_, ApiError>(view::configuration(function, None, request.now_ms));
        };
        latest.code_sha256_hex = new_code.code_sha256_hex;
        latest.code_sha256 = new_code.code_sha256;
        latest.code_size = new_code.code_size;
        version::replace_latest(cloud, request, function, latest, revision_id);
        let number = publish.then(|| version::publish_latest(function, None, request.now_ms));
        Ok(view::configuration(function, number, request.now_ms))
    })?;
    if !dry_run {
        cloud.functions.retire(&request.region, &name);
    }
    Ok(Response::ok(shown))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            writer.start_file(*name, SimpleFileOptions::default()).expect("a file");
            writer.write_all(content).expect("its content");
        }
        writer.finish().expect("a zip").into_inner()
    }

    fn message(bytes: &[u8]) -> String {
        check_zip(bytes).err().map_or_else(String::new, |error| error.message)
    }

    #[test]
    fn only_zips_that_can_be_unpacked_are_accepted() {
        let good = zip(&[("bootstrap", b"#!/bin/sh")]);
        assert_eq!(message(&good), "");
        assert!(message(b"no zip").contains("Could not unzip"));
        assert!(message(&good[..good.len() / 2]).contains("Could not unzip"));
        assert!(message(&zip(&[])).contains("non-empty"));
        let mut damaged = good;
        // A byte of the first file's data, after its header of 30 bytes and its name.
        damaged[30 + "bootstrap".len() + 3] ^= 0xff;
        assert!(message(&damaged).contains("Could not unzip"));
    }
}
