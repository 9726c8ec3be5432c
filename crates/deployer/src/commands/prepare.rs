//! The first half of `plan` and `up`: package and observe concurrently, then plan.

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

/// A plan and everything that applying it needs.
pub(super) struct Prepared<'a> {
    pub(super) aws: Clients,
    pub(super) id: StackId,
    /// Has no function code while that is still being packaged.
    pub(super) desired: Desired,
    pub(super) world: World,
    pub(super) plan: Plan,
    pub(super) packaging: Packaging<'a>,
}

/// A package that is done or still being built.
pub(super) enum Packaging<'a> {
    Done(Code),
    /// The compiler may run for minutes.
    Running {
        build: Pin<Box<dyn Future<Output = Result<Code>> + 'a>>,
        received: UnboundedReceiver<Event>,
        model_is_good: watch::Receiver<bool>,
    },
}

impl<'a> Packaging<'a> {
    fn begin(context: &'a Context, events: &Events) -> Self {
        let begin = Instant::now();
        let (own, received) = events.relayed();
        let (good, model_is_good) = watch::channel(false);
        let build = async move {
            let Target { config, local, .. } = &context.target;
            let artifact = package::build_and_report(config, *local, &own, || {
                good.send_replace(true);
            })
            .await?;
            own.done("packaging", begin);
            Ok(artifact.into())
        };
        Self::Running { build: Box::pin(build), received, model_is_good }
    }

    /// Waits for the package and forwards its events.
    pub(super) async fn finish(mut self, events: &Events) -> Result<Code> {
        self.drive(events).await
    }

    /// Waits until the model has been checked: no stack is created for a bad one.
    async fn model_checked(&mut self, events: &Events) -> Result<()> {
        let Self::Running { model_is_good, .. } = self else { return Ok(()) };
        let mut model_is_good = model_is_good.clone();
        tokio::select! {
            biased;
            built = self.drive(events) => built.map(drop),
            _ = model_is_good.wait_for(|good| *good) => Ok(()),
        }
    }

    /// Waits for the package; may be cancelled and called again.
    async fn drive(&mut self, events: &Events) -> Result<Code> {
        loop {
            match self {
                Self::Done(code) => return Ok(code.clone()),
                Self::Running { build, received, .. } => tokio::select! {
                    biased;
                    Some(event) = received.recv() => events.send(event),
                    built = build => {
                        // Its last events.
                        while let Ok(event) = received.try_recv() {
                            events.send(event);
                        }
                        *self = Self::Done(built?);
                    }
                },
            }
        }
    }
}

/// Packages and observes concurrently, then plans. If there is no function yet, the plan does not wait for the package.
pub(super) async fn prepare<'a>(context: &'a Context, options: &Options, events: &Events) -> Result<Prepared<'a>> {
    let config = &context.target.config;
    let mut packaging = Packaging::begin(context, events);
    let begin = Instant::now();
    let aws = connect(context, &mut packaging, events).await?;
    let (id, world) = {
        let mut observing = std::pin::pin!(engine::observe(&aws, config, options.adopt));
        // A problem with credentials or the network is reported without waiting for the compiler, and a problem with
        // the model without waiting for the network.
        tokio::select! {
            observed = &mut observing => observed?,
            built = packaging.drive(events) => {
                built?;
                observing.await?
            }
        }
    };
    events.done("reading", begin);
    packaging.model_checked(events).await?;
    let mut desired = Desired::new(config, &id, None)?;
    if world.function != Observed::Absent || matches!(packaging, Packaging::Done(_)) {
        desired.function.code = Some(packaging.drive(events).await?);
    }
    let plan = engine::plan(&desired, &world, options);
    plan.check()?;
    Ok(Prepared { aws, id, desired, world, plan, packaging })
}

/// Connects while packaging continues. A problem with the package is reported only after the local cloud has started: a
/// start that is abandoned halfway would obstruct the next command.
async fn connect(context: &Context, packaging: &mut Packaging<'_>, events: &Events) -> Result<Clients> {
    let mut connecting = std::pin::pin!(stack::connect(context, Start::IfNeeded));
    let aws = tokio::select! {
        aws = &mut connecting => aws,
        built = packaging.drive(events) => {
            let aws = connecting.await;
            built?;
            aws
        }
    };
    aws?.ok_or_else(|| Failure::failed("starting the local cloud").into())
}
