//! `up`: package, observe, plan, apply, probe.

use std::{fmt, path::Path, time::Instant};

use anyhow::Result;
use serde::Serialize;

use super::{
    context::{Context, quote},
    identity::Description,
    prepare::{Prepared, prepare},
};
use crate::{
    change::{Action, Critical, ResourceKind, Timeline},
    cli::UpArgs,
    config::Target,
    data_plane::cache::{self, Cache, Grant},
    engine::{
        self, Options, Plan,
        lookup::{OutputIds, outputs},
        plan::Change,
    },
    error::Failure,
    outputs::Outputs,
    probe, resources,
    ui::Table,
};

#[derive(Serialize)]
struct Done {
    #[serde(flatten)]
    stack: Description,
    changes: Vec<Change>,
    elapsed_ms: u64,
    /// The chain of steps that determined how long it took; only with `-v`.
    #[serde(skip_serializing_if = "Option::is_none")]
    critical_path: Option<Vec<Critical>>,
    #[serde(skip)]
    curl: Option<[String; 2]>,
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changed = self.changes.iter().filter(|change| change.action != Action::NoOp).count();
        let seconds = self.elapsed_ms as f64 / 1_000.0;
        match changed {
            0 => writeln!(f, "nothing changed in {seconds:.1} s")?,
            1 => writeln!(f, "1 resource changed in {seconds:.1} s")?,
            _ => writeln!(f, "{changed} resources changed in {seconds:.1} s")?,
        }
        if let Some(path) = &self.critical_path {
            writeln!(f, "\ncritical path")?;
            let mut table = Table::default();
            let seconds = |milliseconds: u64| format!("{:.2} s", milliseconds as f64 / 1_000.0);
            for Critical { step, start_ms, elapsed_ms } in path {
                table.row([format!("  {step}"), format!("from {}", seconds(*start_ms)), seconds(*elapsed_ms)]);
            }
            let sum: u64 = path.iter().map(|critical| critical.elapsed_ms).sum();
            table.row(["  sum".to_owned(), String::new(), seconds(sum)]);
            table.fmt(f)?;
        }
        // A run with --only may end without an endpoint.
        if let Description::Up(outputs) = &self.stack {
            writeln!(f, "\nendpoint  {}", outputs.endpoint)?;
            writeln!(f, "token     {}", outputs.token_url)?;
        }
        if let Some([token, predict]) = &self.curl {
            writeln!(f, "\nGet a token, then a prediction:\n\n  {token}\n\n  {predict}")?;
        }
        Ok(())
    }
}

pub(super) async fn run(context: &Context, args: &UpArgs) -> Result<u8> {
    let begin = Instant::now();
    let timeline = Timeline::begin();
    let Context { target: Target { config, .. }, invocation, ui } = context;
    let options = Options { adopt: args.adopt, only: only(&args.only)? };
    let progress = ui.progress();
    let prepared = prepare(context, &options, &progress.events().timed(&timeline)).await;
    progress.finish().await;
    let Prepared { aws, id, mut desired, world, plan, packaging } = prepared?;
    if !plan.is_noop() {
        ui.show_plan(&plan);
    }
    timeline.step("confirming", consent(context, args, &plan)).await?;

    let progress = ui.progress();
    let events = progress.events().timed(&timeline);
    let cx = resources::Context { aws: &aws, id: &id, events: &events };
    let applied = async {
        let packaging = async { Ok(Some(packaging.finish(&events).await?)) };
        let applied = engine::apply(cx, &desired, &plan, packaging).await?;
        desired.function.code.clone_from(&applied.code);
        let outputs = OutputIds::of_applied(&applied).map(|ids| outputs(&aws, config, &id, &ids));
        // A run with --only is not probed: the resources that it left out may differ.
        if let Some(outputs) = outputs.as_ref().filter(|_| !args.no_probe && options.only.is_empty()) {
            let probe = async {
                let secret = engine::client_secret(&aws, outputs).await?;
                probe::run(outputs, &secret, config, &events).await
            };
            let probe = timeline.step("probing the endpoint", probe);
            let (unchanged, token) = tokio::join!(engine::check_unchanged(cx, &desired, &applied), probe);
            // If another run interfered, that is why the probe failed.
            unchanged?;
            cache_token(context, &plan, &Grant { outputs: outputs.clone(), token: token? });
        }
        anyhow::Ok(outputs)
    }
    .await;
    progress.finish().await;
    let outputs = applied?;
    ui.print(&Done {
        curl: outputs.as_ref().map(|outputs| curl(invocation, outputs, &example_image(&config.root))),
        stack: Description::new(&id, outputs),
        // Planned again: now the package's digest is known, even if it was not when the plan was shown.
        changes: engine::plan(&desired, &world, &options).changes,
        elapsed_ms: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
        critical_path: (ui.verbosity() > 0).then(|| timeline.critical_path()),
    })?;
    Ok(0)
}

/// Caches the token of the probe for the next command. Earlier tokens may be invalid after a change.
fn cache_token(context: &Context, plan: &Plan, grant: &Grant) {
    let Context { target, ui, .. } = context;
    let cleared = if plan.is_noop() { Ok(()) } else { cache::clear(&target.config.root) };
    if let Err(error) = cleared.and_then(|()| Cache::new(target, &[]).save(grant)) {
        ui.warn(format_args!("cannot cache the token: {error}"));
    }
}

/// Asks before anything is replaced or deleted; without a terminal, refuses.
async fn consent(context: &Context, args: &UpArgs, plan: &Plan) -> Result<()> {
    let destructive = plan.destructive().count();
    if args.yes || destructive == 0 {
        return Ok(());
    }
    let question = match destructive {
        1 => "One resource will be replaced or deleted. Continue?".to_owned(),
        count => format!("{count} resources will be replaced or deleted. Continue?"),
    };
    if context.ui.confirm(&question).await? {
        return Ok(());
    }
    Err(Failure::refused("not confirmed: nothing was changed").into())
}

fn only(names: &[String]) -> Result<Vec<ResourceKind>> {
    let known = || ResourceKind::ALL.map(ResourceKind::as_str).join(", ");
    let parse = |name: &String| {
        ResourceKind::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or_else(|| {
            let failure = Failure::usage(format!("--only: unknown resource \"{name}\""));
            failure.hint(format!("one of {}", known())).into()
        })
    };
    names.iter().map(parse).collect()
}

/// An image for the example command: the first of `test_images`, relative to the current folder.
fn example_image(root: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let mut images: Vec<_> = std::fs::read_dir(root.join("test_images"))
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "png"))
        .collect();
    images.sort();
    let first = images.first().map(|path| path.strip_prefix(&here).unwrap_or(path).to_string_lossy().into_owned());
    first.unwrap_or_else(|| "image.png".into())
}

/// The tutorial's two curl commands, filled in. The secret goes from deployer to curl through a pipe and is never
/// shown.
fn curl(deployer: &str, outputs: &Outputs, image: &str) -> [String; 2] {
    let host = outputs.token_host.as_ref().map(|host| format!(" -H {}", quote(&format!("Host: {host}"))));
    let url = quote(&outputs.token_url);
    // The tutorial puts grant_type into the query string, which some token endpoints ignore.
    let form = "-d grant_type=client_credentials";
    let token =
        format!("{deployer} token --curl-config | curl -X POST --config - {url} {form}{}", host.unwrap_or_default());
    let predict = format!(
        "curl -X POST {} -H 'Content-Type: image/png' --data-binary @{} -H \"Authorization: $({deployer} token)\"",
        quote(&outputs.endpoint),
        quote(image),
    );
    [token, predict]
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::testing::outputs;

    #[test]
    fn the_curl_commands_are_filled_in_and_hold_no_secret() {
        let [token, predict] = curl("deployer --local", &outputs("http://127.0.0.1:1"), "7.png");
        assert_eq!(
            token,
            "deployer --local token --curl-config | curl -X POST --config - \
             http://127.0.0.1:1/oauth2/token -d grant_type=client_credentials -H 'Host: mnist-dev.auth.eu-central-1.amazoncognito.com'"
        );
        assert_eq!(
            predict,
            "curl -X POST http://127.0.0.1:1/dev/ -H 'Content-Type: image/png' --data-binary @7.png \
             -H \"Authorization: $(deployer --local token)\""
        );
    }

    #[test]
    fn only_takes_the_names_of_resources() {
        assert_eq!(only(&["rest_api".into()]).unwrap(), [ResourceKind::RestApi]);
        let error = only(&["api".into()]).unwrap_err();
        assert_eq!(crate::error::kind_of(&error).exit_code(), 2);
    }
}
