//! The credentials that the local cloud accepts: generated on the first start, stored with mode 0600 beside the state,
//! never logged.

use std::{fmt, fs, io, path::Path};

use serde::{Deserialize, Serialize};

use crate::{
    random::{self, Alphabet},
    store::{CREDENTIALS, StoreError, replace_file},
};

/// The only credentials that the local cloud accepts. It generates them and stores them with mode 0600 beside its
/// state.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// `AKIA` and 16 characters.
    pub access_key_id: String,
    /// 40 letters and digits.
    pub secret_access_key: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

impl Credentials {
    /// Reads the credentials that a server stored in `dir`.
    pub fn load(dir: &Path) -> Result<Option<Self>, StoreError> {
        let path = dir.join(CREDENTIALS);
        match fs::read(&path) {
            Ok(bytes) => match serde_json::from_slice(&bytes) {
                Ok(credentials) => Ok(Some(credentials)),
                Err(error) => {
                    let instead = "it to create new ones".to_owned();
                    Err(StoreError::Damaged { path, reason: describe(&error), instead })
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError::Io { action: "reading", path, source }),
        }
    }

    /// Reads the credentials in `dir`, or creates them.
    pub(crate) fn load_or_create(dir: &Path) -> Result<Self, StoreError> {
        if let Some(credentials) = Self::load(dir)? {
            return Ok(credentials);
        }
        let path = dir.join(CREDENTIALS);
        let credentials = Self {
            access_key_id: format!("AKIA{}", random::id(Alphabet::Base32, 16)),
            secret_access_key: random::id(Alphabet::Alphanumeric, 40),
        };
        let bytes = serde_json::to_vec_pretty(&credentials).map_err(|error| StoreError::Io {
            action: "writing",
            path: path.clone(),
            source: error.into(),
        })?;
        replace_file(&path, &bytes)?;
        Ok(credentials)
    }
}

/// The position of the error, without the text around it, which is secret.
fn describe(error: &serde_json::Error) -> String {
    format!("not valid credentials at line {} column {}", error.line(), error.column())
}
