//! `export`: the stack as a template for another tool, and on request, what that tool needs to import the running stack.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use serde::Serialize;
use serde_json::Value;

use super::{
    context::Context,
    stack::{self, Start},
};
use crate::{
    change::Action,
    cli::{ExportArgs, ExportFormat},
    config::Target,
    engine::{self, Options},
    error::{Failure, kind_of},
    export::{self, Existing, File, Prefix, Source, Template},
    package, private_file,
    resources::function::Code,
    stack::Desired,
    ui::Table,
};

/// What `export` prints: the template itself, or what was written.
#[derive(Serialize)]
struct Exported {
    format: ExportFormat,
    stack: String,
    stage: String,
    files: Vec<Entry>,
    /// The function's package, to which the template refers.
    zip: Zip,
    /// The CloudFormation template as JSON, which CloudFormation accepts too.
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<Value>,
}

#[derive(Serialize)]
struct Entry {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
}

#[derive(Serialize)]
struct Zip {
    name: String,
    /// Where it was written; `None` if the user must supply it.
    path: Option<PathBuf>,
}

impl fmt::Display for Exported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let printed: Vec<&str> = self.files.iter().filter_map(|file| file.content.as_deref()).collect();
        if !printed.is_empty() {
            return f.write_str(&printed.join("\n"));
        }
        let mut table = Table::default();
        for path in self.files.iter().filter_map(|file| file.path.as_ref()).chain(&self.zip.path) {
            table.row(["wrote".to_owned(), path.display().to_string()]);
        }
        if self.zip.path.is_none() {
            let text = format!("{}, the function's package, to the same folder", self.zip.name);
            table.row(["add".to_owned(), text]);
        }
        table.fmt(f)
    }
}

pub(super) async fn run(context: &Context, format: ExportFormat, args: &ExportArgs) -> Result<u8> {
    let Context { target: Target { config, .. }, ui, .. } = context;
    let running = if args.import { Some(running(context).await?) } else { None };
    let prefix = match (&running, &config.auth.domain) {
        (Some((existing, _)), _) => Prefix::Chosen(existing.domain.clone()),
        (None, Some(domain)) => Prefix::Chosen(domain.clone()),
        (None, None) if format == ExportFormat::Cloudformation => Prefix::Derived(resolve(context).await),
        (None, None) => Prefix::Derived(None),
    };
    let code = match &args.out {
        Some(_) if !args.no_zip => package(context).await,
        _ => None,
    };
    let desired = Desired::new(config, &export::symbol::stack_id(config), code)?;
    let source = Source {
        desired: &desired,
        prefix,
        region: running.as_ref().map(|(_, region)| region.as_str()).or(config.region.as_deref()),
        existing: running.as_ref().map(|(existing, _)| existing),
    };
    let Template { files, document } = match format {
        ExportFormat::Terraform => export::terraform::template(&source),
        ExportFormat::Cloudformation => export::cloudformation::template(&source)?,
    };
    let zip = desired.function.code.as_ref().map(|code| code.zip.as_slice());
    let name = source.zip_name();
    let (files, zip) = match &args.out {
        Some(out) => {
            let written = write(out, &files, zip.map(|zip| (name.as_str(), zip)), args.force)?;
            let entry = |(file, path): (&File, &PathBuf)| Entry {
                name: file.name.to_owned(),
                path: Some(path.clone()),
                content: None,
            };
            (files.iter().zip(&written).map(entry).collect(), zip.map(|_| out.join(&name)))
        }
        None => {
            let entry = |file: File| Entry { name: file.name.to_owned(), path: None, content: Some(file.text) };
            (files.into_iter().map(entry).collect(), None)
        }
    };
    ui.print(&Exported {
        format,
        stack: config.name.clone(),
        stage: config.stage.clone(),
        files,
        zip: Zip { name, path: zip },
        template: document.filter(|_| ui.is_json()),
    })?;
    Ok(0)
}

/// The resources of the running stack, and their Region.
async fn running(context: &Context) -> Result<(Existing, String)> {
    let config = &context.target.config;
    let not_up = |what: &str| {
        let failure = Failure::failed(format!("looking for the resources of stack \"{}\": {what}", config.name));
        failure.hint(format!("run `{} up`, or omit --import", context.invocation))
    };
    let aws = stack::connect(context, Start::IfThere).await?;
    let aws = aws.ok_or_else(|| not_up("the local cloud was never started"))?;
    let (id, desired, world) = stack::observe(context, &aws).await?;
    let existing = Existing::of(&id, &world, desired.cors.is_some()).ok_or_else(|| not_up("part of it is missing"))?;
    let plan = engine::plan(&desired, &world, &Options::default());
    plan.check()?;
    let differing = plan.changes.iter().filter(|change| change.action != Action::NoOp);
    let differing: Vec<&str> = differing.map(|change| change.resource.as_str()).collect();
    if !differing.is_empty() {
        let command = &context.invocation;
        context.ui.warn(format_args!(
            "the template follows deploy.toml, and the running stack differs from it in {}; see `{command} plan`",
            differing.join(", ")
        ));
    }
    Ok((existing, id.key.region))
}

/// The domain prefix that `up` would derive, if the credentials reveal the account. Otherwise, the user of the template
/// chooses one.
async fn resolve(context: &Context) -> Option<String> {
    let identify = async {
        let Some(aws) = stack::connect(context, Start::IfThere).await? else { return Ok(None) };
        anyhow::Ok(Some(aws.identify(&context.target.config).await?.domain_prefix()))
    };
    match identify.await {
        Ok(prefix) => prefix,
        Err(error) => {
            context.ui.warn(format_args!(
                "the token domain's prefix stays a parameter, DomainPrefix, because it depends on the account: {error:#}"
            ));
            None
        }
    }
}

/// The function's package. If it cannot be built, warns why; the user then supplies it.
async fn package(context: &Context) -> Option<Code> {
    let Context { target: Target { config, local, .. }, ui, .. } = context;
    let progress = ui.progress();
    let built = package::build(config, *local, progress.events()).await;
    progress.finish().await;
    match built {
        Ok(artifact) => Some(artifact.into()),
        Err(error) => {
            ui.warn(format_args!("the function's package is not included ({}): {error:#}", kind_of(&error).as_str()));
            None
        }
    }
}

/// Writes all files, or none if one exists with other content. The function's variables may be secrets, so only the
/// owner can read the files.
fn write(out: &Path, files: &[File], zip: Option<(&str, &[u8])>, force: bool) -> Result<Vec<PathBuf>> {
    let texts = files.iter().map(|file| (file.name, file.text.as_bytes()));
    let all: Vec<(PathBuf, &[u8])> = texts.chain(zip).map(|(name, bytes)| (out.join(name), bytes)).collect();
    let other =
        |(path, bytes): &&(PathBuf, &[u8])| fs::read(path).map_or_else(|_| path.exists(), |there| there != *bytes);
    let others: Vec<String> = all.iter().filter(other).map(|(path, _)| path.display().to_string()).collect();
    if !others.is_empty() && !force {
        let failure = Failure::refused(format!("writing {}: it exists and differs", others.join(", ")));
        return Err(failure.hint("save your changes and pass --force, or choose another --out").into());
    }
    let writing = |path: &Path| Failure::failed(format!("writing {}", path.display()));
    fs::create_dir_all(out).with_context(|| writing(out))?;
    for (path, bytes) in &all {
        private_file::write(path, bytes).with_context(|| writing(path))?;
    }
    Ok(all.into_iter().map(|(path, _)| path).collect())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn all_of_it_is_written_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("a/b");
        let files = |text: &str| {
            vec![File { name: "main.tf", text: text.to_owned() }, File { name: "outputs.tf", text: "o".to_owned() }]
        };
        let written = write(&out, &files("one"), Some(("f.zip", b"zip")), false).unwrap();
        assert_eq!(written, ["main.tf", "outputs.tf", "f.zip"].map(|name| out.join(name)));
        assert_eq!(fs::metadata(out.join("main.tf")).unwrap().permissions().mode() & 0o777, 0o600);
        write(&out, &files("one"), Some(("f.zip", b"zip")), false).unwrap();

        let error = write(&out, &files("two"), Some(("f.zip", b"other")), false).unwrap_err();
        assert_eq!(kind_of(&error).exit_code(), 3);
        let text = error.to_string();
        assert!(text.contains("main.tf") && text.contains("f.zip") && !text.contains("outputs.tf"), "{text}");
        assert_eq!(fs::read(out.join("f.zip")).unwrap(), b"zip");
        write(&out, &files("two"), Some(("f.zip", b"other")), true).unwrap();
        assert_eq!(fs::read(out.join("main.tf")).unwrap(), b"two");
    }
}
