//! The images to classify: files, the images in folders, stdin.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

/// Extensions of images in a folder, in any case; other files there are passed over.
const EXTENSIONS: [&str; 11] = ["png", "jpg", "jpeg", "jpe", "jfif", "webp", "gif", "bmp", "dib", "tif", "tiff"];
/// How many kinds of files that were passed over are named.
const KINDS: usize = 5;

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

/// What the arguments name.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    /// In the order of the arguments; those of a folder are sorted by name.
    pub images: Vec<Input>,
    /// How many files in folders were passed over, by extension in lower case. Empty for none.
    passed_over: BTreeMap<String, usize>,
}

impl Inputs {
    /// Finds the images that the arguments name.
    pub(super) fn find(arguments: &[PathBuf]) -> Self {
        let mut inputs = Self::default();
        for argument in arguments {
            inputs.add(argument);
        }
        inputs
    }

    /// The files that were passed over in one line, the most frequent kinds first.
    pub(super) fn passed_over(&self) -> Option<String> {
        let count: usize = self.passed_over.values().sum();
        let mut kinds: Vec<_> = self.passed_over.iter().collect();
        kinds.sort_by_key(|(_, count)| Reverse(**count));
        let name = |kind: &str| if kind.is_empty() { "without an extension".to_owned() } else { format!(".{kind}") };
        let mut named: Vec<String> =
            kinds.iter().take(KINDS).map(|(kind, count)| format!("{count} {}", name(kind))).collect();
        let others: usize = kinds.iter().skip(KINDS).map(|(_, count)| **count).sum();
        if others > 0 {
            named.push(format!("{others} others"));
        }
        let files = if count == 1 { "file" } else { "files" };
        (count > 0).then(|| format!("passed over {count} {files} that have no image's extension: {}", named.join(", ")))
    }

    fn add(&mut self, argument: &Path) {
        if argument.as_os_str() == "-" {
            self.images.push(Input::Stdin);
        } else if !argument.is_dir() {
            self.images.push(Input::File(argument.to_owned()));
        } else {
            match self.add_folder(argument) {
                Ok(true) => {}
                Ok(false) => {
                    let reason = format!("no images in this folder; their extensions are {}", EXTENSIONS.join(", "));
                    self.images.push(Input::Unreadable(argument.to_owned(), reason));
                }
                Err(error) => self.images.push(Input::Unreadable(argument.to_owned(), error.to_string())),
            }
        }
    }

    /// Adds the images of a folder. Returns whether it has any.
    fn add_folder(&mut self, folder: &Path) -> io::Result<bool> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if !path.is_file() {
                continue;
            }
            let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
            let extension = extension.unwrap_or_default();
            if EXTENSIONS.contains(&extension.as_str()) {
                paths.push(path);
            } else {
                *self.passed_over.entry(extension).or_default() += 1;
            }
        }
        paths.sort();
        let found = !paths.is_empty();
        self.images.extend(paths.into_iter().map(Input::File));
        Ok(found)
    }
}

/// The media type according to the bytes; the extension may be wrong.
pub(super) fn media_type(bytes: &[u8]) -> &'static str {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [b'G', b'I', b'F', b'8', ..] => "image/gif",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        [b'B', b'M', ..] => "image/bmp",
        [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => "image/tiff",
        _ => "application/octet-stream",
    }
}
