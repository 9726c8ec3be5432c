//! What `up` does with the function's package.

use super::*;

#[test]
fn no_stack_is_begun_for_a_model_that_is_none() {
    let folder = folder();
    fs::write(folder.path().join("m.onnx"), "no model").unwrap();
    let text = "name = \"none\"\n[model]\npath = \"m.onnx\"\n[function]\nbootstrap = \"/bin/true\"\n";
    fs::write(folder.path().join("deploy.toml"), text).unwrap();
    let error = json(folder.path(), 1, &["--local", "up", "--yes"]);
    assert!(error["error"]["message"].as_str().unwrap().contains("m.onnx"), "{error}");
    assert_eq!(json(folder.path(), 0, &["--local", "status"])["state"], "absent");
    run(folder.path(), &["local", "stop"]);
}

#[test]
fn up_says_what_it_has_packaged() {
    let folder = folder();
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../../model/mnist.onnx");
    let text = format!("name = \"some\"\n[model]\npath = \"{model}\"\n[function]\nbootstrap = \"/bin/true\"\n");
    fs::write(folder.path().join("deploy.toml"), text).unwrap();
    // For a new stack, and for one whose plan waits for the package.
    for _ in 0..2 {
        let output = run(folder.path(), &["--local", "up", "--yes", "--no-probe"]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(stderr(&output).contains("packaged "), "{}", stderr(&output));
    }
    run(folder.path(), &["--local", "down", "--yes"]);
    run(folder.path(), &["local", "stop"]);
}
