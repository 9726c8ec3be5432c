//! Every field at and just beyond AWS's limits: the first is accepted, the second refused with its line.

use super::*;

const HEAD: &str = "name = \"a\"\n[model]\npath = \"m.onnx\"\n";

/// A file whose fifth line is this key of this table.
fn with(table: &str, line: &str) -> Folder {
    Folder::new(&if table == "model" { format!("{HEAD}\n{line}\n") } else { format!("{HEAD}[{table}]\n{line}\n") })
}

/// A file whose first line is the name and whose second is the Region.
fn on_top(name: &str, region: &str) -> Folder {
    Folder::new(&format!("name = {name}\nregion = {region}\n[model]\npath = \"m.onnx\"\n"))
}

fn accepted(folder: &Folder) {
    if let Err(error) = folder.load() {
        panic!("{error:#}: {}", fs::read_to_string(folder.path()).unwrap());
    }
}

fn refused(folder: &Folder, line: usize, words: &str) {
    let found = folder.problems();
    let head = format!("deploy.toml:{line}: ");
    assert!(found.len() == 1 && found[0].starts_with(&head) && found[0].contains(words), "{words}: {found:?}");
}

fn text(length: usize) -> String {
    format!("\"{}\"", "x".repeat(length))
}

/// Each good line is accepted; each bad one is refused on line 5 with a message that contains these words.
fn check(table: &str, good: &[&str], bad: &[(&str, &str)]) {
    good.iter().for_each(|line| accepted(&with(table, line)));
    bad.iter().for_each(|(line, words)| refused(&with(table, line), 5, words));
}

#[test]
fn names_keep_within_every_service() {
    let region = "\"us-east-1\"";
    let shape = "must be lower-case letters";
    for good in ["\"a\"", "\"a-1-\"", &text(32)] {
        accepted(&on_top(good, region));
    }
    let bad = [("\"\"", shape), ("\"1a\"", shape), ("\"a_b\"", shape), ("\"aB\"", shape), ("\"ä\"", shape)];
    for (name, words) in bad.into_iter().chain([(text(33).as_str(), "at most 32"), ("3", "must be a string")]) {
        refused(&on_top(name, region), 1, words);
    }
    for word in ["aws", "amazon", "cognito"] {
        refused(&on_top(&format!("\"my-{word}-x\""), region), 1, word);
    }
}

#[test]
fn stages_keep_within_every_service() {
    let folder = Folder::new(HEAD);
    for good in ["a", "1", "a-b", "0123456789abcdef"] {
        load(&folder.path(), good, None).unwrap();
    }
    for bad in ["", "-a", "a-", "a_b", "A", "0123456789abcdefg", "a b"] {
        let found = folder.problems_of(load(&folder.path(), bad, None));
        assert!(found.len() == 1 && found[0].starts_with(&format!("--stage \"{bad}\" must be ")), "{found:?}");
    }
}

#[test]
fn regions_are_those_of_the_partition_that_is_served() {
    for good in ["us-east-1", "ap-southeast-7", "mx-central-1", "il-central-1", "eu-south-2", "zz-new-9"] {
        accepted(&on_top("\"a\"", &format!("\"{good}\"")));
    }
    for bad in ["", "europe", "us-east", "us-east-1a", "us-east-10", "us--1", "US-EAST-1", "us-east-1 ", "aws-global"] {
        refused(&on_top("\"a\"", &format!("\"{bad}\"")), 2, "must be a Region's code");
    }
    for other in [
        "cn-north-1",
        "us-gov-west-1",
        "us-iso-east-1",
        "us-isob-east-1",
        "us-isof-south-1",
        "eu-isoe-west-1",
        "eusc-de-east-1",
    ] {
        refused(&on_top("\"a\"", &format!("\"{other}\"")), 2, "another partition");
    }
}

#[test]
fn name_stage_and_region_together_make_a_role_that_iam_takes() {
    // 32 + 1 + 16 + 1 + 14 = 64.
    let (stage, longest) = ("0123456789abcdef", "ap-southeast-1");
    let folder = on_top(&text(32), &format!("\"{longest}\""));
    load(&folder.path(), stage, None).unwrap();
    let folder = on_top(&text(32), "\"ap-southwestern-1\"");
    let found = folder.problems_of(load(&folder.path(), stage, None));
    assert!(
        found[0].starts_with("deploy.toml:2: region makes the role's name ") && found[0].contains(" 67 "),
        "{found:?}"
    );
    // --region takes precedence and is checked instead.
    load(&folder.path(), stage, Some(longest)).unwrap();
    let found = folder.problems_of(load(&folder.path(), stage, Some("eu-southwestern-1")));
    assert!(
        found.len() == 1 && found[0].starts_with("--region \"eu-southwestern-1\" makes the role's name "),
        "{found:?}"
    );
}

#[test]
fn a_model_is_a_file_that_lambda_can_unpack() {
    let folder = Folder::new("name = \"a\"\n[model]\npath = \"big.onnx\"\n");
    let big = fs::File::create(folder.0.path().join("big.onnx")).unwrap();
    big.set_len(262_144_000).unwrap();
    accepted(&folder);
    big.set_len(262_144_001).unwrap();
    refused(&folder, 3, "Lambda unpacks 262144000 at most");
    big.set_len(0).unwrap();
    refused(&folder, 3, "which is empty");
    let path = |path: &str| Folder::new(&format!("name = \"a\"\n[model]\npath = {path}\n"));
    refused(&path("\"\""), 3, "must name a file, but ");
    refused(&path("\"m.pb\""), 3, "does not exist");
    refused(&path("\"no.tflite\""), 3, "does not exist");
    refused(&path("[\"m.onnx\"]"), 3, "must be a string, not an array");
    check(
        "model",
        &["labels = \"labels.txt\""],
        &[
            ("labels = \"\"", "must name a file, but "),
            ("labels = \".\"", "must name a file, but "),
            ("labels = \"a\\u0000b\"", "names \"a\\0b\""),
        ],
    );
}

#[test]
fn top_k_and_preprocessing() {
    check(
        "model",
        &["top_k = 1", "top_k = 1000"],
        &[
            ("top_k = 0", "must be 1 to 1000"),
            ("top_k = 1001", "must be 1 to 1000"),
            ("top_k = 1.0", "must be a whole number, not a float"),
        ],
    );
    check(
        "preprocess",
        &[
            "size = [1, 4096]",
            "mean = []",
            "std = [1, 2, 3]",
            "scale = -0.5",
            "scale = \"1/255\"",
            "std = [\"58.395 / 255\", 0.224, 1]",
            "filter = \"hamming\"",
            "filter = \"tf-bilinear\"",
            "mean = [0]",
            "preset = \"keras-caffe\"",
            "orient = \"exif\"",
            "background = [255, 0, 255]",
            "background = \"#fF00ff\"",
            "resize_to = 4096",
            "crop = \"center\"",
            "resize = \"letterbox\"\npad = \"#727272\"",
            "resize = \"shorter\"\ncrop = \"center-floor\"",
            "resize = \"none\"",
        ],
        &[
            ("size = [0, 1]", "each 1 to 4096"),
            ("size = [1, 4097]", "each 1 to 4096"),
            ("size = [28]", "must be [width, height]"),
            ("size = [28, 28.0]", "one of them is a float"),
            ("color = \"RGBA\"", "must be one of L, RGB, BGR"),
            ("filter = \"bilinaer\"", "did you mean \"bilinear\"?"),
            ("filter = \"tf-bilinaer\"", "did you mean \"tf-bilinear\"?"),
            ("preset = \"keras-cafe\"", "did you mean \"keras-caffe\"?"),
            ("preset = 1", "must be a string"),
            ("orient = true", "must be a string"),
            ("orient = \"auto\"", "must be one of none, exif"),
            ("background = \"white\"", "such as \"#ffffff\""),
            ("background = \"#fff\"", "such as \"#ffffff\""),
            ("background = \"#+12345\"", "such as \"#ffffff\""),
            ("background = [1, 2]", "each 0 to 255"),
            ("background = [1, 2, 256]", "each 0 to 255"),
            ("resize = \"squash\"", "must be one of both, shorter, letterbox, none"),
            ("resize_to = 0", "must be 1 to 4096"),
            ("resize_to = 4097", "must be 1 to 4096"),
            ("crop = \"centre\"", "did you mean \"center\"?"),
            ("softmax = true", "write activation = \"softmax\" in [model]"),
            ("softmax = false", "write activation = \"none\" in [model]"),
            ("scale = \"1/0\"", "must be a finite number, a fraction"),
            ("scale = \"1\"", "must be a finite number, a fraction"),
            ("scale = \"0/255\"", "other than 0"),
            ("scale = [\"a/b\"]", "one of them is a string"),
            ("resize = \"shorter\"", "crop must be \"center\""),
            ("resize_to = 256\nresize = \"letterbox\"", "only for resize \"shorter\" and \"both\""),
            ("resize_to = 256\nresize = \"none\"", "only for resize \"shorter\" and \"both\""),
            ("pad = [1, 2, 3]\nresize = \"both\"", "only for resize \"letterbox\""),
            ("crop = \"center\"\nresize = \"both\"", "has no effect"),
            ("crop = \"center\"\nresize = \"letterbox\"", "shows the whole image"),
            ("invert = 1", "must be true or false"),
            ("scale = 0", "other than 0"),
            ("scale = inf", "must be a finite number, a fraction"),
            ("scale = 1e39", "that 32 bits can hold"),
            ("scale = 1e-60", "that 32 bits can hold"),
            ("mean = [1, 2]", "one for each of three channels"),
            ("mean = [nan]", "must be a finite number, a fraction"),
            ("mean = [1e300]", "that 32 bits can hold"),
            ("std = [0]", "other than 0"),
            ("std = [1, 0.0, 1]", "other than 0"),
        ],
    );
    let grey = |numbers: &str| Folder::new(&format!("{HEAD}[preprocess]\nmean = {numbers}\ncolor = \"L\"\n"));
    accepted(&grey("[0.5]"));
    refused(&grey("[0.5, 0.5, 0.5]"), 5, "because color L has one channel");
}

#[test]
fn the_function() {
    check(
        "function",
        &[
            "memory_mb = 128",
            "memory_mb = 10240",
            "timeout_s = 1",
            "timeout_s = 29",
            "architecture = \"x86_64\"",
            "log_retention_days = 3653",
            "reserved_concurrency = 1",
            "reserved_concurrency = 2147483647",
            "bootstrap = \"m.onnx\"",
        ],
        &[
            ("memory_mb = 127", "must be 128 to 10240"),
            ("memory_mb = 10241", "must be 128 to 10240"),
            ("memory_mb = -1", "must be 128 to 10240"),
            ("memory_mb = 99999999999", "must be 128 to 10240"),
            ("memory_mb = \"512\"", "must be a whole number, not a string"),
            ("timeout_s = 0", "must be 1 to 29"),
            ("timeout_s = 30", "must be 1 to 29, because API Gateway waits no longer"),
            ("architecture = \"x86\"", "did you mean \"x86_64\"?"),
            ("log_retention_days = 0", "must be 1 to 3653"),
            ("log_retention_days = 2", "must be one of 1, 3, 5"),
            ("log_retention_days = 3654", "must be 1 to 3653"),
            ("reserved_concurrency = 0", "must be 1 to"),
            ("reserved_concurrency = 2147483648", "must be 1 to 2147483647"),
            ("bootstrap = \"no\"", "does not exist"),
            ("timeout = 3", "did you mean \"timeout_s\"?"),
        ],
    );
    for days in rules::RETENTION_DAYS {
        accepted(&with("function", &format!("log_retention_days = {days}")));
    }
}

#[test]
fn environment_variables() {
    check(
        "function.environment",
        &[
            "ab = \"\"",
            "A_1 = \"a\\nb\\tc\"",
            "TZ = \"Europe/Berlin\"",
            "AWS_LAMBDA_EXEC_WRAPPER = \"/opt/x\"",
            "LANG = \"C\"",
        ],
        &[
            ("a = \"1\"", "must be two or more letters"),
            ("_a = \"1\"", "begin with a letter"),
            ("1a = \"1\"", "begin with a letter"),
            ("a-b = \"1\"", "letters, digits and underscores"),
            ("_HANDLER = \"1\"", "is set by Lambda itself"),
            ("AWS_SESSION_TOKEN = \"1\"", "is set by Lambda itself"),
            ("LAMBDA_TASK_ROOT = \"1\"", "is set by Lambda itself"),
            ("CORS_ORIGINS = \"1\"", "is set from cors_origins in [api]"),
            ("ab = 1", "must be a string, not an integer"),
            ("ab = \"a\\u0000\"", "may not contain a NUL"),
        ],
    );
}

#[test]
fn the_environment_is_measured_as_lambda_does() {
    // {"AB":"…"} is nine bytes more than the value, and a quotation mark in it counts twice.
    let of = |value: &str| with("function.environment", &format!("AB = '{value}'"));
    accepted(&of(&"x".repeat(4087)));
    refused(&of(&"x".repeat(4088)), 4, "environment in [function] comes to 4097 bytes");
    accepted(&of(&"\"".repeat(2043)));
    refused(&of(&"\"".repeat(2044)), 4, "comes to 4097 bytes");
}

#[test]
fn the_token_domain() {
    let line = |length: usize| format!("domain = {}", text(length));
    check(
        "auth",
        &["domain = \"a\"", "domain = \"0-9\"", &line(63)],
        &[
            ("domain = \"\"", "must be 1 to 63"),
            (&line(64), "must be 1 to 63"),
            ("domain = \"-a\"", "inner hyphens"),
            ("domain = \"a-\"", "inner hyphens"),
            ("domain = \"a_b\"", "lower-case letters, digits"),
            ("domain = \"auth.example.org\"", "not a host name"),
            ("domain = \"myaws\"", "reserved word \"aws\""),
            ("domain = \"amazonas\"", "reserved word \"amazon\""),
            ("domain = \"a-cognito\"", "reserved word \"cognito\""),
        ],
    );
}

#[test]
fn the_resource_server_and_its_scopes() {
    let server = |length: usize| format!("resource_server = {}", text(length));
    let scope = |length: usize| format!("scopes = [{}]", text(length));
    let many =
        |count: usize| format!("scopes = [{}]", (0..count).map(|n| format!("\"s{n}\"")).collect::<Vec<_>>().join(", "));
    check(
        "auth",
        &[
            "resource_server = \"https://example.org/api?x=[1]\"",
            // 248 + "/" + "predict" is 256, what a client's scope may have; so is "predict-api" + "/" + 244.
            &server(248),
            &scope(244),
            &many(1),
            &many(50),
        ],
        &[
            ("resource_server = \"\"", "must be 1 to 256"),
            ("resource_server = \"a b\"", "may not contain ' '"),
            ("resource_server = \"a\\\"b\"", "may not contain '\"'"),
            ("resource_server = 'a\\b'", "may not contain '\\\\'"),
            ("resource_server = \"ä\"", "may not contain 'ä'"),
            (&server(249), "of 257 characters"),
            (&server(257), "must be 1 to 256"),
            (&scope(245), "of 257 characters"),
            (&scope(257), "must be 1 to 256"),
            ("scopes = []", "must contain 1 to 50"),
            (&many(51), "must contain 1 to 50"),
            ("scopes = [\"a/b\"]", "may not contain '/'"),
            ("scopes = [\"\"]", "must be 1 to 256"),
            ("scopes = [\"a\", \"a\"]", "contains \"a\" twice"),
            ("scopes = \"a\"", "must be a list of strings, not a string"),
            ("scopes = [1]", "one of them is an integer"),
        ],
    );
}

#[test]
fn the_life_of_a_token() {
    check(
        "auth",
        &["token_minutes = 5", "token_minutes = 1440", "deletion_protection = true"],
        &[
            ("token_minutes = 4", "must be 5 to 1440"),
            ("token_minutes = 1441", "must be 5 to 1440"),
            ("deletion_protection = \"ACTIVE\"", "must be true or false, not a string"),
        ],
    );
}

#[test]
fn the_api() {
    let long = |length: usize| format!("binary_media_types = [\"image/{}\"]", "x".repeat(length));
    check(
        "api",
        &[
            "binary_media_types = [\"*/*\"]",
            "binary_media_types = [\"image/*\", \"application/vnd.x+json\"]",
            &long(127),
            "throttle_rate = 0.5",
            "throttle_rate = 2147483647",
            "throttle_burst = 1",
            "throttle_burst = 2147483647",
        ],
        &[
            ("binary_media_types = []", "must not be empty"),
            ("binary_media_types = [\"png\"]", "must be media types"),
            ("binary_media_types = [\"*\"]", "must be media types"),
            ("binary_media_types = [\"*/png\"]", "must be media types"),
            ("binary_media_types = [\"image/p*\"]", "must be media types"),
            ("binary_media_types = [\"image/png; q=1\"]", "must be media types"),
            (&long(128), "must be media types"),
            ("binary_media_types = [\"image/png\", \"IMAGE/png\"]", "contains \"IMAGE/png\" twice"),
            ("throttle_rate = 0", "more than 0"),
            ("throttle_rate = -1", "more than 0"),
            ("throttle_rate = 2147483648", "at most 2147483647"),
            ("throttle_rate = nan", "must be a finite number, not a float"),
            ("throttle_burst = 0", "must be 1 to 2147483647"),
            ("throttle_burst = 2147483648", "must be 1 to 2147483647"),
            ("throttle_burst = 1.5", "must be a whole number"),
            ("throttle_rates = 3", "did you mean \"throttle_rate\"?"),
        ],
    );
}

#[test]
fn tables_and_keys_that_are_not_there() {
    let unknown = |text: &str| Folder::new(&format!("name = \"a\"\n{text}\n[model]\npath = \"m.onnx\"\n"));
    refused(&unknown("stage = \"dev\""), 2, "unknown key \"stage\"");
    refused(&unknown("function = 1"), 2, "must be a table");
    let below = |text: &str| Folder::new(&format!("{HEAD}{text}\n"));
    refused(&below("[functions]"), 4, "did you mean \"function\"?");
    refused(&below("[[api]]"), 4, "must be a table, not an array of tables");
}

#[test]
fn origins_are_those_that_browsers_send() {
    let good = [
        "[]",
        "[\"*\"]",
        "[\"https://app.example.com\"]",
        "[\"https://a.example\", \"http://localhost:3000\", \"http://127.0.0.1:8080\", \"http://[::1]:5173\"]",
        "[\"https://a_b.example:8443\", \"https://xn--bcher-kva.example\"]",
    ];
    let shape = "must be origins such as https://app.example.com";
    let bad = [
        ("\"https://a.example\"", "must be a list of strings"),
        ("[1]", "one of them is an integer"),
        ("[\"\"]", shape),
        ("[\"null\"]", shape),
        ("[\"app.example.com\"]", shape),
        ("[\"ftp://a.example\"]", shape),
        ("[\"https://\"]", shape),
        ("[\"https://a..example\"]", shape),
        ("[\"https://a.example:\"]", shape),
        ("[\"https://a.example:0\"]", shape),
        ("[\"https://a.example:65536\"]", shape),
        ("[\"https://a.example:08443\"]", shape),
        ("[\"https://a b.example\"]", shape),
        ("[\"https://a.example'\"]", shape),
        ("[\"https://bücher.example\"]", shape),
        ("[\"http://[::zz]\"]", shape),
        ("[\"https://a.example/\"]", "must not end in a slash: \"https://a.example\""),
        ("[\"https://a.example/app\"]", "without user, path or query"),
        ("[\"https://a.example?x\"]", "without user, path or query"),
        ("[\"https://me@a.example\"]", "without user, path or query"),
        ("[\"https://*.example\"]", "must name each host"),
        ("[\"https://A.example\"]", "must be in lower case"),
        ("[\"https://a.example:443\"]", "must not name the port 443"),
        ("[\"http://a.example:80\"]", "must not name the port 80"),
        ("[\"https://a.example\", \"https://a.example\"]", "twice"),
        ("[\"*\", \"https://a.example\"]", "which means every origin, with others"),
    ];
    let line = |list: &str| format!("cors_origins = {list}");
    good.iter().for_each(|list| accepted(&with("api", &line(list))));
    bad.iter().for_each(|(list, words)| refused(&with("api", &line(list)), 5, words));
    let many = (0..60).map(|number| format!("\"https://{}{number:02}.example\"", "x".repeat(60))).collect::<Vec<_>>();
    refused(
        &with("api", &line(&format!("[{}]", many.join(", ")))),
        5,
        "cors_origins in [api] is too long: with it, the function's",
    );
}
