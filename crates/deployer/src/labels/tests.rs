//! Every form of label file, right or refused with its line.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

const ANIMALS: [&str; 3] = ["cat", "dog", "red owl"];

fn read_as(file: &str, text: impl AsRef<[u8]>) -> Labels {
    parse(file, text.as_ref()).unwrap_or_else(|problem| panic!("{}", problem.within(file)))
}

fn refusal(file: &str, text: impl AsRef<[u8]>) -> String {
    match parse(file, text.as_ref()) {
        Ok(labels) => panic!("read as {labels:?}"),
        Err(problem) => problem.within(file),
    }
}

#[test]
fn each_form_gives_the_labels_in_the_order_of_the_classes() {
    for (file, text) in [
        ("l.txt", "cat\ndog\nred owl"),
        ("l.txt", "cat\r\ndog\r\nred owl\r\n\r\n"),
        ("l.txt", "cat\rdog\rred owl\r"),
        ("l.txt", "\u{feff}cat  \n\u{a0}dog\t\nred owl\u{200b}\n"),
        ("l.txt", "# animals\ncat\ndog\nred owl\n"),
        ("l.txt", "0 cat\n1 dog\n2 red owl"),
        ("l.txt", "2: red owl\n0: cat\n1: dog\n"),
        ("l.txt", "0\tcat\n1\tdog\n2\tred owl"),
        ("l.txt", "0,cat\n1,dog\n2,\"red owl\""),
        ("l.txt", "00 = cat\n01 = dog\n02 = red owl"),
        ("l.txt", "1. cat\n2. dog\n3. red owl"),
        ("l.txt", "cat 0\nred owl 2\ndog 1"),
        ("l.txt", "\"cat\",\n\"dog\",\n\"red owl\"\n"),
        ("l.txt", "'cat'\n'dog'\n'red owl'\n"),
        ("l.txt", "cat, dog, red owl\n"),
        ("l.txt", "n01440764 cat\nn01443537 dog\nn01484850 red owl"),
        ("l.txt", "['cat', 'dog', 'red owl']"),
        ("l.txt", "{0: 'cat', 1: 'dog', 2: 'red owl'}"),
        ("l.txt", "[\n\"cat\",\n\"dog\",\n\"red owl\"\n]"),
        ("l.txt", "- cat\n- dog\n- red owl\n"),
        ("l.csv", "cat\ndog\nred owl"),
        ("l.csv", "label\ncat\ndog\nred owl"),
        ("l.csv", "cat,dog,red owl\n"),
        ("l.csv", "index,name\n1,dog\n0,cat\n2,red owl\n"),
        ("l.csv", "mid,index,display_name\n/m/1,0,cat\n/m/2,1,dog\n/m/3,2,red owl\n"),
        ("l.csv", "class;label\n0;cat\n1;dog\n2;red owl\n"),
        ("l.csv", "cat,0\nred owl,2\ndog,1"),
        ("l.tsv", "0\tcat\n1\tdog\n2\tred owl"),
        ("l.json", r#"["cat", "dog", "red owl"]"#),
        ("l.json", r#"{"2": "red owl", "0": "cat", "1": "dog"}"#),
        ("l.json", r#"{"red owl": 2, "dog": 1, "cat": 0}"#),
        ("l.json", r#"{"0": ["n01440764", "cat"], "1": ["n01443537", "dog"], "2": ["n01484850", "red owl"]}"#),
        ("l.json", r#"[{"id": 1, "name": "cat"}, {"id": 3, "name": "red owl"}, {"id": 2, "name": "dog"}]"#),
        (
            "l.json",
            r#"{"model_type": "vit", "id2label": {"0": "cat", "1": "dog", "2": "red owl"},
            "label2id": {"cat": 0, "dog": 1, "red owl": 2}}"#,
        ),
        ("l.json", r#"{"tfjsVersion": "1.3.1", "labels": ["cat", "dog", "red owl"], "imageSize": 224}"#),
        ("l.json", r#"{"architecture": "x", "pretrained_cfg": {"label_names": ["cat", "dog", "red owl"]}}"#),
        ("l.yaml", "path: x\nnc: 3\nnames: [cat, dog, 'red owl']\n"),
        ("l.yaml", "names:\n  0: cat\n  2: red owl\n  1: dog\n"),
        ("l.txt", "nc: 3\nnames:\n- cat\n- dog\n- red owl\n"),
        (
            "l.pbtxt",
            "item {\n  id: 1\n  name: 'cat'\n}\nitem {\n  id: 2 name: \"d\" display_name: \"dog\"\n}\nitem{id:3, name:'red owl'}",
        ),
    ] {
        assert_eq!(read_as(file, text).names, ANIMALS, "{text:?}");
    }
}

#[test]
fn text_in_utf_16_is_read() {
    let units: Vec<u16> = "\u{feff}Käse\r\n猫\r\n".encode_utf16().collect();
    let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    for bytes in [little, big] {
        assert_eq!(read_as("l.txt", bytes).names, ["Käse", "猫"]);
    }
}

#[test]
fn what_only_resembles_a_form_stays_as_it_is() {
    for text in [
        "3\n2\n1\n0",
        "5 euro\n10 euro\n20 euro",
        "digit 0\ndigit 1",
        "Cat\ncat\nC# code\n#hashtag",
        "tench, Tinca tinca\ngoldfish, Carassius auratus",
        "it's\n\"so\" they say",
        "👩\u{200d}🚀\nno",
        "[background]\ncat",
        "n01440764\nn01443537",
        "ratio 1:2\nratio 2:1",
    ] {
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(read_as("l.txt", text).names, lines);
    }
    assert_eq!(read_as("l.yaml", "names: [no, Yes, 07, ~x, 1.0]").names, ["no", "Yes", "07", "~x", "1.0"]);
    assert_eq!(read_as("l.json", "[3, 2, 1]").names, ["3", "2", "1"]);
    assert_eq!(read_as("l.csv", "0,\"tabby, cat\"\n1,dog").names, ["tabby, cat", "dog"]);
    assert_eq!(read_as("l.csv", "0,tabby, cat\n1,dog").names, ["tabby, cat", "dog"]);
}

#[test]
fn what_can_be_read_in_two_ways_or_is_no_list_is_refused() {
    for (file, text, expected) in [
        ("l.txt", &b"cat\n\ndog\n"[..], "l.txt:2: empty label"),
        ("l.txt", b"\ncat\n", "l.txt:1: empty label"),
        ("l.txt", b"", "l.txt: it holds no labels"),
        ("l.txt", b"\xef\xbb\xbf \n", "l.txt: it holds no labels"),
        ("l.txt", b"cat\nK\xe4se\n", "l.txt:2: holds the byte 0xe4, which is not UTF-8"),
        ("l.txt", b"cat\ndog\0\n", "l.txt:2: holds a NUL byte"),
        ("l.txt", b"cat\n\x1b[31mdog\n", "l.txt:2: holds the control character U+001B"),
        ("l.txt", "cat\u{2028}dog\nowl".as_bytes(), "l.txt:1: holds the control character U+2028"),
        ("l.txt", b"cat\ndog\ncat\n", "l.txt:3: \"cat\" is the label of line 1 too"),
        ("l.txt", b"cat\n# dogs\ndog\n", "l.txt:2: is a comment between labels"),
        ("l.txt", b"0 cat\n1 dog\n3 owl\n", "l.txt:3: has the number 3, but no label has 2"),
        ("l.txt", b"0: cat\n0: dog\n", "l.txt:2: has the number 0, as line 1 has"),
        ("l.txt", b"7: cat\n9: dog\n", "l.txt:1: has the number 7, but no label has 1"),
        ("l.txt", b"<!DOCTYPE html>\n<html>\n", "l.txt: it is a web page"),
        (
            "l.txt",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n",
            "l.txt: it is a pointer of Git LFS",
        ),
        ("l.txt", b"404: Not Found", "l.txt: it is a server's answer"),
        ("l.txt", b"{\"0\": \"cat\",\n\"1\": }", "l.txt:2: not JSON"),
        ("l.json", b"cat\ndog\n", "l.json:1: not JSON"),
        ("l.json", b"{\"error\": \"none\"}", "l.json: it holds no labels that can be told apart"),
        ("l.json", b"{\"1\": 0, \"2\": 1, \"0\": 2}", "l.json: both its keys and its values count the classes"),
        ("l.json", b"[\"cat\", null]", "l.json: class 1: null is no label"),
        ("l.json", b"[\"cat\", \"cat\"]", "l.json: class 1: \"cat\" is the label of class 0 too"),
        (
            "l.json",
            b"{\"id2label\": {\"0\": \"a\", \"1\": \"b\"}, \"label2id\": {\"a\": 1, \"b\": 0}}",
            "l.json: id2label and label2id",
        ),
        ("l.csv", b"1,0\n0,1\n2,2\n", "l.csv: both columns hold numbers"),
        ("l.csv", b"a,x,1\nb,y,2\n", "l.csv: it has 3 columns"),
        ("l.csv", b"index,name\n", "l.csv: it has a header and no labels"),
        ("l.csv", b"index,name\n0,cat\nx,dog\n", "l.csv:3: has \"x\" where"),
        ("l.yaml", b"train: x\n", "l.yaml: it holds no labels that can be told apart"),
        ("l.pbtxt", b"item { id: 1 }", "l.pbtxt:1: the item has no name"),
        ("l.pbtxt", b"item { id: 1 name: 'a", "l.pbtxt:1: a quote is not closed"),
    ] {
        let refused = refusal(file, text);
        assert!(refused.starts_with(expected), "{:?}: {refused}", String::from_utf8_lossy(text));
    }
    assert!(refusal("l.txt", "x".repeat(2000)).contains("is 2000 characters long"));
}

#[test]
fn what_should_be_known_is_said() {
    assert!(read_as("l.txt", "1 cat\n2 dog").warnings[0].starts_with("the numbers start at 1"));
    assert!(read_as("l.txt", "# x\ncat").warnings[0].contains("taken for a comment"));
    let mut thousand: Vec<String> = (0..1000).map(|class| format!("class {class} x")).collect();
    (thousand[134], thousand[517]) = ("crane".to_owned(), "crane".to_owned());
    let labels = read_as("l.txt", thousand.join("\n"));
    assert_eq!((labels.names.len(), labels.warnings.len()), (1000, 1));
    assert!(labels.warnings[0].contains("\"crane\" (line 135 and line 518)"), "{:?}", labels.warnings);
    assert!(refusal("l.txt", thousand[..900].join("\n")).starts_with("l.txt:518"));
}

#[test]
fn a_wrong_count_says_why() {
    let problem = |names: &[&str], classes| {
        count_problem(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(), classes)
    };
    assert_eq!(problem(&["a", "b"], 2), None);
    assert_eq!(problem(&["a", "b"], 1), None, "one score tells two classes apart");
    assert!(problem(&["background", "a", "b"], 2).unwrap().contains("the first is \"background\""));
    assert!(problem(&["label", "a", "b"], 2).unwrap().contains("looks like a header"));
    assert!(problem(&["a", "b"], 3).unwrap().contains("add \"background\""));
    assert_eq!(problem(&["a", "b"], 9).unwrap(), "there are 2 labels, but the model has 9 classes");
}
