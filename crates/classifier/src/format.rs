//! Tells a model file's format from its bytes, and what to do with a file of another format.

use std::path::Path;

use crate::error::Error;

/// A format that this program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Onnx,
    Tflite,
}

/// A format that this program does not run.
struct Other {
    name: &'static str,
    advice: &'static str,
}

const TORCH: &str = "convert it where its network is defined: load the weights, model.eval(), then \
                     torch.onnx.export(model, example, \"model.onnx\")";
const KERAS: &str =
    "convert it with: pip install tf2onnx && python -m tf2onnx.convert --keras MODEL --output model.onnx";
const SAVED_MODEL: &str =
    "convert it with: pip install tf2onnx && python -m tf2onnx.convert --saved-model FOLDER --output model.onnx";
const FROZEN: &str = "convert it with: pip install tf2onnx && python -m tf2onnx.convert --graphdef MODEL --inputs INPUT:0 --outputs \
                      OUTPUT:0 --output model.onnx";
const ORIGINAL: &str = "use the ONNX file that it was made from, or export the original model to ONNX";
const PICKLE: &str = "if it holds a PyTorch model, load it, model.eval(), then torch.onnx.export(model, example, \"model.onnx\"); if \
                      it holds a scikit-learn model, convert it with skl2onnx.to_onnx";
const UNPACK: &str = "unpack it and use the .onnx or .tflite file in it";
const DOWNLOAD: &str =
    "download the file again; behind a login or a wrong link, servers answer with a page instead of the file";
const LFS: &str = "fetch the file itself: git lfs pull";
const CHOOSE: &str = "set path in [model] to a model in ONNX or TFLite";
const AGAIN: &str = "copy or download it again";

/// What a file starts with, from an offset on. The first row that matches decides.
const MAGIC: [(usize, &[u8], &str, &str); 32] = [
    (0, b"version https://git-lfs", "a Git LFS pointer, not the file itself", LFS),
    (4, b"ORTM", "a model in onnxruntime's own format (.ort)", ORIGINAL),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras saves models (.h5)", KERAS),
    (0, b"\x1f\x8b", "compressed with gzip", "unpack it with gunzip, and use the .onnx or .tflite file"),
    (0, b"BZh", "compressed with bzip2", UNPACK),
    (0, b"\xfd7zXZ\0", "compressed with xz", UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "compressed with zstd", UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (0, b"Rar!", "a RAR archive", UNPACK),
    (257, b"ustar", "a tar archive", UNPACK),
    (0, b"ftrt", "a TensorRT engine", ORIGINAL),
    (0, b"GGUF", "a GGUF file of a language model", CHOOSE),
    (0, b"\x93NUMPY", "a NumPy array", CHOOSE),
    (0, b"\x80\x02", "a Python pickle", PICKLE),
    (0, b"\x80\x03", "a Python pickle", PICKLE),
    (0, b"\x80\x04", "a Python pickle", PICKLE),
    (0, b"\x80\x05", "a Python pickle", PICKLE),
    (0, b"\x89PNG", "a PNG image", CHOOSE),
    (0, b"\xff\xd8\xff", "a JPEG image", CHOOSE),
    (0, b"GIF8", "a GIF image", CHOOSE),
    (0, b"%PDF", "a PDF document", CHOOSE),
    (0, b"\x7fELF", "a program", CHOOSE),
    (0, b"MZ", "a program", CHOOSE),
    (0, b"7767517", "an ncnn network", ORIGINAL),
    (0, b"<!doctype html", "a web page (HTML)", DOWNLOAD),
    (0, b"<html", "a web page (HTML)", DOWNLOAD),
    (0, b"<?xml", "an XML file, as OpenVINO writes beside a model's weights", ORIGINAL),
    (0, b"<net", "an OpenVINO network", ORIGINAL),
    (0, b"<", "a web page or XML file", DOWNLOAD),
    (0, b"{", "a JSON file", CHOOSE),
    (0, b"[", "a JSON file", CHOOSE),
    (0, b"\n", "a TensorFlow graph (.pb)", FROZEN),
];

/// Formats that only their extension tells.
const EXTENSIONS: [(&str, &str, &str); 14] = [
    ("mlmodel", "a Core ML model", ORIGINAL),
    ("mlpackage", "a Core ML model", ORIGINAL),
    ("bin", "a file of weights without a known format, as OpenVINO writes beside its .xml", ORIGINAL),
    ("engine", "a TensorRT engine", ORIGINAL),
    ("plan", "a TensorRT engine", ORIGINAL),
    ("trt", "a TensorRT engine", ORIGINAL),
    ("ckpt", "a checkpoint of a training run", TORCH),
    ("pb", "a TensorFlow graph", FROZEN),
    ("pt", "a PyTorch file", TORCH),
    ("pth", "a PyTorch file", TORCH),
    ("pkl", "a Python pickle", PICKLE),
    ("joblib", "a Python pickle", PICKLE),
    ("caffemodel", "a Caffe model", ORIGINAL),
    ("params", "a file of weights", ORIGINAL),
];

impl Format {
    /// The format of a file. Its name only helps to say what a file of an unsupported format is.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] with what the file is instead, and what to do.
    pub(crate) fn of(bytes: &[u8], path: &Path) -> Result<Self, Error> {
        if bytes.is_empty() {
            return Err(Error::Model(format!("the file is empty; {AGAIN}")));
        }
        if bytes.get(4..8) == Some(b"TFL3") {
            return Ok(Self::Tflite);
        }
        if let Some(Other { name, advice }) = other(bytes) {
            return Err(Error::Model(format!("the file is {name}; {advice}")));
        }
        // What ONNX's description says of a file's start: a number that names a field, and how long that is.
        let is_field = matches!(bytes[0], 0x08 | 0x12 | 0x1a | 0x22 | 0x28 | 0x32 | 0x3a | 0x42 | 0x72);
        let named = extension(path);
        if let Some((name, advice)) = named.filter(|_| !is_field || !has_graph(bytes)) {
            return Err(Error::Model(format!("the file is {name}; {advice}")));
        }
        match is_field {
            true => Ok(Self::Onnx),
            false => Err(Error::Model(format!(
                "the file is neither ONNX nor TFLite (it starts with the bytes {:02x?}); {CHOOSE}",
                &bytes[..bytes.len().min(8)]
            ))),
        }
    }

    /// The extension that the file gets in the zip.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Onnx => "onnx",
            Self::Tflite => "tflite",
        }
    }
}

/// What to do with a folder.
pub(crate) fn folder(path: &Path) -> Error {
    let has = |name: &str| path.join(name).exists();
    Error::Model(if has("saved_model.pb") {
        format!("it is a TensorFlow SavedModel, which is a folder; {SAVED_MODEL}")
    } else if has("Manifest.json") && has("Data") {
        format!("it is a Core ML package; {ORIGINAL}")
    } else {
        "it is a folder; name the model file in it".to_owned()
    })
}

/// The error for bytes that are not a whole ONNX file.
pub(crate) fn damaged(bytes: &[u8]) -> Error {
    let newlines = bytes.windows(2).filter(|pair| pair[1] == b'\n');
    let (all, converted) =
        newlines.fold((0, 0), |(all, converted), pair| (all + 1, converted + u32::from(pair[0] == b'\r')));
    let replaced = bytes.windows(3).filter(|bytes| *bytes == [0xef, 0xbf, 0xbd]).count();
    let cause = if bytes.starts_with(&[0x08, 0x01, 0x12]) {
        return Error::Model(format!("the file is no ONNX; if it is a TensorFlow SavedModel, {SAVED_MODEL}"));
    } else if all > 3 && converted == all {
        "its line ends were converted, as Git does with text (put `*.onnx binary` into .gitattributes, and check it out \
         again)"
    } else if replaced > 3 {
        "it was read and written as text, which replaced bytes"
    } else if bytes.len() < 64 {
        "it has only a few bytes"
    } else {
        "it is cut, damaged or not ONNX"
    };
    Error::Model(format!("the file cannot be read: {cause}; {AGAIN}"))
}

fn other(bytes: &[u8]) -> Option<Other> {
    if let Some(rest) = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]) {
        return Some(match rest.first() {
            Some(0x08) => {
                Other { name: "damaged: a text editor or script put a byte order mark in front of it", advice: AGAIN }
            }
            _ => other(rest).unwrap_or(Other { name: "a text file", advice: CHOOSE }),
        });
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Some(zip(bytes));
    }
    // safetensors: the length of a JSON object, then the object.
    if bytes.get(8) == Some(&b'{') && bytes.get(5..8) == Some(&[0, 0, 0]) {
        return Some(Other { name: "a safetensors file: weights without the network", advice: TORCH });
    }
    let head = &bytes[..bytes.len().min(512)];
    let is_text = std::str::from_utf8(head).map_or_else(|error| error.valid_up_to() > 500, |_| true)
        && head.iter().all(|&byte| byte >= b' ' || b"\t\r\n".contains(&byte));
    // Text is compared without the white space before it.
    let text = head.trim_ascii_start();
    for (offset, magic, name, advice) in MAGIC {
        let is_mark = matches!(magic.first(), Some(b'<' | b'{' | b'['));
        let found = match is_mark {
            true => is_text && text.get(..magic.len()).is_some_and(|start| start.eq_ignore_ascii_case(magic)),
            false => bytes.get(offset..).is_some_and(|rest| rest.starts_with(magic)) && (magic != b"\n" || !is_text),
        };
        if found {
            return Some(Other { name, advice });
        }
    }
    is_text.then_some(Other { name: "a text file", advice: CHOOSE })
}

/// A zip archive is told by the names in it.
fn zip(bytes: &[u8]) -> Other {
    let contains = |name: &[u8]| bytes.windows(name.len()).any(|window| window == name);
    if contains(b"data.pkl") {
        Other { name: "a PyTorch file (.pt or .pth)", advice: TORCH }
    } else if contains(b"model.weights.h5") || contains(b"config.json") {
        Other { name: "a Keras model (.keras)", advice: KERAS }
    } else if contains(b".npy") {
        Other { name: "an archive of NumPy arrays (.npz)", advice: CHOOSE }
    } else if contains(b".mlmodel") {
        Other { name: "a Core ML package", advice: ORIGINAL }
    } else {
        Other { name: "a zip archive", advice: UNPACK }
    }
}

fn extension(path: &Path) -> Option<(&'static str, &'static str)> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    EXTENSIONS.iter().find(|row| row.0 == extension).map(|&(_, name, advice)| (name, advice))
}

/// Whether the bytes are an ONNX model with a graph, whatever the file's name says.
fn has_graph(bytes: &[u8]) -> bool {
    use prost::Message as _;
    tract_onnx::pb::ModelProto::decode(bytes).is_ok_and(|model| model.graph.is_some())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn message(bytes: &[u8], name: &str) -> String {
        Format::of(bytes, Path::new(name)).unwrap_err().to_string()
    }

    #[test]
    fn the_bytes_tell_the_format_whatever_the_name() {
        assert_eq!(Format::of(b"\x1c\0\0\0TFL3\0\0", Path::new("m.onnx")), Ok(Format::Tflite));
        assert_eq!(Format::of(b"\x08\x08\x12\x07pytorch", Path::new("m.tflite")), Ok(Format::Onnx));
        assert_eq!(Format::of(b"\x08\x08\x12\x07pytorch", Path::new("noext")), Ok(Format::Onnx));
    }

    #[test]
    fn other_formats_are_named_with_the_way_out() {
        for (bytes, name, words) in [
            (&b""[..], "m.onnx", "empty"),
            (b"PK\x03\x04....archive/data.pkl", "m.onnx", "torch.onnx.export"),
            (b"PK\x03\x04....config.json", "m.onnx", "--keras"),
            (b"PK\x03\x04....plain.onnx", "m.zip", "zip archive"),
            (b"\x89HDF\r\n\x1a\n....", "m.onnx", "--keras"),
            (b"version https://git-lfs.github.com/spec/v1\n", "m.onnx", "git lfs pull"),
            (b"\n  <!DOCTYPE HTML><html>", "m.onnx", "web page"),
            (b"<?xml version=\"1.0\"?><net>", "m.xml", "OpenVINO"),
            (b"{\"a\": 1}", "m.onnx", "JSON"),
            (b"hello there", "m.onnx", "text file"),
            (b"\x1f\x8b\x08\0", "m.onnx.gz", "gunzip"),
            (b"\x80\x04\x95\0", "m.pkl", "pickle"),
            (b"\x40\0\0\0\0\0\0\0{\"w\":", "m.safetensors", "safetensors"),
            (b"\x18\0\0\0ORTM\0\0", "m.ort", ".ort"),
            (b"\n\x10\n\x05input\x12\x0b", "m.pb", "--graphdef"),
            (b"\x08\x05\x12\x03abc", "m.mlmodel", "Core ML"),
            (b"\xef\xbb\xbf\x08\x08\x12", "m.onnx", "byte order mark"),
            (b"\0\0\0\0\0\0\0\0", "m.onnx", "neither ONNX nor TFLite"),
        ] {
            let message = message(bytes, name);
            assert!(message.contains(words), "{words}: {message}");
        }
    }

    #[test]
    fn damage_by_text_tools_is_named() {
        let words = |bytes: &[u8]| damaged(bytes).to_string();
        assert!(words(&b"\x08\x08\r\n\r\n1\r\n2\r\n3\r\n".repeat(9)).contains("line ends"));
        assert!(words(&"\u{fffd}".repeat(40).into_bytes()).contains("as text"));
        assert!(words(&[8; 200]).contains("cut, damaged"));
    }
}
