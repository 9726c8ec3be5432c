//! The images to classify: files, the images in folders, stdin.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

/// Extensions of images in a folder; other files there are skipped.
const EXTENSIONS: [&str; 6] = ["png", "jpg", "jpeg", "webp", "gif", "bmp"];

/// One image to classify.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Input {
    /// `-`
    Stdin,
    File(PathBuf),
    /// A path that cannot be read, and why.
    Unreadable(PathBuf, String),
}

impl Input {
    /// Its name in the answer.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Stdin => "-".to_owned(),
            Self::File(path) | Self::Unreadable(path, _) => path.display().to_string(),
        }
    }

    /// Its bytes, or why it cannot be read.
    pub(super) async fn read(&self) -> Result<Vec<u8>, String> {
        let bytes = match self {
            Self::Stdin => tokio::task::spawn_blocking(stdin).await.unwrap_or_else(|error| Err(error.into())),
            Self::File(path) => tokio::fs::read(path).await,
            Self::Unreadable(_, reason) => return Err(reason.clone()),
        };
        let bytes = bytes.map_err(|error| error.to_string())?;
        if bytes.is_empty() { Err("the image is empty".to_owned()) } else { Ok(bytes) }
    }
}

fn stdin() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The images that the arguments name, in their order; those of a folder are sorted by name.
pub(super) fn expand(arguments: &[PathBuf]) -> Vec<Input> {
    arguments.iter().flat_map(|argument| one(argument)).collect()
}

fn one(argument: &Path) -> Vec<Input> {
    if argument.as_os_str() == "-" {
        return vec![Input::Stdin];
    }
    if !argument.is_dir() {
        return vec![Input::File(argument.to_owned())];
    }
    let unreadable = |reason: String| vec![Input::Unreadable(argument.to_owned(), reason)];
    match images(argument) {
        Ok(images) if images.is_empty() => unreadable("no images in this folder".to_owned()),
        Ok(images) => images.into_iter().map(Input::File).collect(),
        Err(error) => unreadable(error.to_string()),
    }
}

fn images(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_lowercase();
        if EXTENSIONS.contains(&extension.as_str()) && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The media type according to the bytes; the extension may be wrong.
pub(super) fn media_type(bytes: &[u8]) -> &'static str {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [b'G', b'I', b'F', b'8', ..] => "image/gif",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        [b'B', b'M', ..] => "image/bmp",
        _ => "application/octet-stream",
    }
}
