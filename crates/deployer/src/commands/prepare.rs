//! What `plan` and `up` begin with: packaging and reading, beside each other, and the plan.

use std::{pin::Pin, time::Instant};

use anyhow::Result;
use tokio::sync::{mpsc::UnboundedReceiver, watch};

use super::{
    context::Context,
    stack::{self, Start},
};
use crate::{
    aws::Clients,
    change::{Event, Events, Observed},
    config::Target,
    engine::{self, Options, Plan, World},
    error::Failure,
    names::StackId,
    package,
    resources::function::Code,
    stack::Desired,
};

/// A plan with all that applying it needs.
pub(super) struct Prepared<'a> {
    pub(super) aws: Clients,
    pub(super) id: StackId,
    /// Without the function's code while that is being packaged.
    pub(super) desired: Desired,
    pub(super) world: World,
    pub(super) plan: Plan,
    pub(super) packaging: Packaging<'a>,
}

/// A package that is being made, or is.
pub(super) enum Packaging<'a> {
    Done(Code),
    /// A compiler may be at work for minutes.
    UnderWay {
        build: Pin<Box<dyn Future<Output = Result<Code>> + 'a>>,
        heard: UnboundedReceiver<Event>,
        model_is_good: watch::Receiver<bool>,
    },
}

impl<'a> Packaging<'a> {
    fn begin(context: &'a Context, events: &Events) -> Self {
        let begin = Instant::now();
        let (own, heard) = events.relayed();
        let (good, model_is_good) = watch::channel(false);
        let build = async move {
            let Target { config, local, .. } = &context.target;
            let artifact = package::build_and_say(config, *local, &own, || {
                good.send_replace(true);
            })
            .await?;
            own.done("packaging", begin);
            Ok(artifact.into())
        };
        Self::UnderWay { build: Box::pin(build), heard, model_is_good }
    }

    /// Its end. What it tells meanwhile goes to these events.
    pub(super) async fn end(mut self, events: &Events) -> Result<Code> {
        self.go_on(events).await
    }

    /// Until the model is known to be good: a stack is not begun for one that is not.
    async fn until_model_is_good(&mut self, events: &Events) -> Result<()> {
        let Self::UnderWay { model_is_good, .. } = self else { return Ok(()) };
        let mut model_is_good = model_is_good.clone();
        tokio::select! {
            biased;
            built = self.go_on(events) => built.map(drop),
            _ = model_is_good.wait_for(|good| *good) => Ok(()),
        }
    }

    /// Its end as well; may be dropped before, and called again.
    async fn go_on(&mut self, events: &Events) -> Result<Code> {
        loop {
            match self {
                Self::Done(code) => return Ok(code.clone()),
                Self::UnderWay { build, heard, .. } => tokio::select! {
                    biased;
                    Some(event) = heard.recv() => events.send(event),
                    built = build => {
                        // What it has told last.
                        while let Ok(event) = heard.try_recv() {
                            events.send(event);
                        }
                        *self = Self::Done(built?);
                    }
                },
            }
        }
    }
}

/// Packages and looks at what is there, beside each other, and plans. Where there is no function yet, the plan does not
/// wait for its package.
pub(super) async fn prepare<'a>(context: &'a Context, options: &Options, events: &Events) -> Result<Prepared<'a>> {
    let config = &context.target.config;
    let mut packaging = Packaging::begin(context, events);
    let begin = Instant::now();
    let aws = connect(context, &mut packaging, events).await?;
    let (id, world) = {
        let mut looking = std::pin::pin!(engine::observe(&aws, config, options.adopt));
        // What is wrong with credentials or the network is known at once and must not wait for a compiler; nor must what
        // is wrong with the model wait for the network.
        tokio::select! {
            looked = &mut looking => looked?,
            built = packaging.go_on(events) => {
                built?;
                looking.await?
            }
        }
    };
    events.done("reading", begin);
    packaging.until_model_is_good(events).await?;
    let mut desired = Desired::new(config, &id, None)?;
    if world.function != Observed::Absent || matches!(packaging, Packaging::Done(_)) {
        desired.function.code = Some(packaging.go_on(events).await?);
    }
    let plan = engine::plan(&desired, &world, options);
    plan.check()?;
    Ok(Prepared { aws, id, desired, world, plan, packaging })
}

/// Clients, while packaging goes on. What is wrong with the package is told only once the local cloud has started: one that
/// is left in the middle of that would be in the way of the next command.
async fn connect(context: &Context, packaging: &mut Packaging<'_>, events: &Events) -> Result<Clients> {
    let mut connecting = std::pin::pin!(stack::connect(context, Start::IfNeeded));
    let aws = tokio::select! {
        aws = &mut connecting => aws,
        built = packaging.go_on(events) => {
            let aws = connecting.await;
            built?;
            aws
        }
    };
    aws?.ok_or_else(|| Failure::failed("starting the local cloud").into())
}
