//! The zip has the same bytes wherever, whenever and by whomever it is built.

use super::*;

#[test]
fn the_zip_depends_on_nothing_but_its_content() {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../model/mnist.onnx");
    let pack = |place: &str, umask: &str, variables: &[(&str, &str)], touched: &str| {
        let parent = folder();
        let folder = parent.path().join(place);
        fs::create_dir(&folder).unwrap();
        fs::copy(&model, folder.join("mnist.onnx")).unwrap();
        fs::write(folder.join("labels.txt"), "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n").unwrap();
        // Any program of this machine will do.
        fs::copy("/bin/true", folder.join("bootstrap")).unwrap();
        let text = "name = \"mnist\"\n[model]\npath = \"mnist.onnx\"\nlabels = \"labels.txt\"\n[function]\nbootstrap = \"bootstrap\"\n";
        fs::write(folder.join("deploy.toml"), text).unwrap();
        let touch =
            Command::new("touch").args(["-d", touched, "mnist.onnx", "bootstrap"]).current_dir(&folder).status();
        assert!(touch.unwrap().success());
        let script = format!("umask {umask}; exec '{DEPLOYER}' --local package --out function.zip");
        let mut command = Command::new("sh");
        command.args(["-c", &script]).current_dir(&folder).envs(variables.iter().copied());
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        fs::read(folder.join("function.zip")).unwrap()
    };
    let one = pack("a", "0000", &[("TZ", "UTC"), ("LC_ALL", "C")], "1999-12-31T23:59:59");
    let variables =
        [("TZ", "Pacific/Kiritimati"), ("LC_ALL", "de_DE.UTF-8"), ("SOURCE_DATE_EPOCH", "1"), ("USER", "x")];
    let other = pack("another place", "0077", &variables, "2026-02-28T12:00:00");
    assert!(one == other, "{} bytes and {} bytes", one.len(), other.len());
}
