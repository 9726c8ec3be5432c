//! Shows events as they happen: spinners on a terminal, plain lines elsewhere.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use tokio::{sync::oneshot, task::JoinHandle};

use super::{
    plan_view::style,
    printer::Ui,
    style::{BAD, DIM, paint},
};
use crate::change::{Action, Event, Events, ResourceKind};

/// Plain lines repeat a wait at most this often, to show that the command still runs.
const PLAIN_WAIT: Duration = Duration::from_secs(10);

/// Shows events until [`Progress::finish`].
#[derive(Debug)]
pub struct Progress {
    events: Events,
    stop: oneshot::Sender<()>,
    shown: JoinHandle<()>,
}

impl Ui {
    /// Starts showing events.
    pub fn progress(&self) -> Progress {
        Progress::start(self)
    }
}

impl Progress {
    fn start(ui: &Ui) -> Self {
        let (events, mut receiver) = Events::channel();
        let (stop, mut stopped) = oneshot::channel();
        let mut renderer = Renderer::new(ui.clone());
        let shown = tokio::spawn(async move {
            loop {
                tokio::select! {
                    // Shows all events that were sent before the end.
                    biased;
                    event = receiver.recv() => match event {
                        Some(event) => renderer.show(&event),
                        None => break,
                    },
                    _ = &mut stopped => break,
                }
            }
            renderer.clear();
        });
        Self { events, stop, shown }
    }

    pub fn events(&self) -> &Events {
        &self.events
    }

    /// Shows the events that were sent so far, and removes the spinners.
    pub async fn finish(self) {
        // The renderer may have ended already. If it panicked, the panic was printed.
        let _ = self.stop.send(());
        let _ = self.shown.await;
    }
}

struct Renderer {
    ui: Ui,
    plain: Plain,
    spinners: HashMap<ResourceKind, ProgressBar>,
}

impl Renderer {
    fn new(ui: Ui) -> Self {
        let plain =
            Plain { waits: !ui.is_quiet() && ui.live().is_hidden(), all: ui.verbosity() > 0, ..Plain::default() };
        Self { ui, plain, spinners: HashMap::new() }
    }

    fn show(&mut self, event: &Event) {
        if self.ui.is_quiet() {
            return;
        }
        self.spin(event);
        if let Some(line) = self.plain.line(event, Instant::now()) {
            self.ui.stderr(&line);
        }
    }

    /// Keeps one spinner for each step in progress.
    fn spin(&mut self, event: &Event) {
        match event {
            Event::Started { resource, action } => {
                let text = format!("{} {}", action.symbol(), resource.as_str());
                self.spinner(*resource).set_message(text);
            }
            Event::Waiting { resource, reason } => {
                let text = format!("… {}  {reason}", resource.as_str());
                self.spinner(*resource).set_message(text);
            }
            Event::Done { resource, .. } | Event::Failed { resource } => {
                if let Some(spinner) = self.spinners.remove(resource) {
                    spinner.finish_and_clear();
                    self.ui.live().remove(&spinner);
                }
            }
            Event::Note(_) => {}
        }
    }

    fn spinner(&mut self, resource: ResourceKind) -> &ProgressBar {
        let live = self.ui.live();
        self.spinners.entry(resource).or_insert_with(|| {
            let spinner = live.add(ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed:>4}") {
                spinner.set_style(style);
            }
            if !live.is_hidden() {
                spinner.enable_steady_tick(Duration::from_millis(120));
            }
            spinner
        })
    }

    fn clear(&mut self) {
        for (_, spinner) in self.spinners.drain() {
            spinner.finish_and_clear();
            self.ui.live().remove(&spinner);
        }
    }
}

/// Renders events as lines.
#[derive(Debug, Default)]
struct Plain {
    /// Whether waits are lines too. On a terminal the spinner shows them.
    waits: bool,
    /// Whether unchanged resources are lines too.
    all: bool,
    last_wait: HashMap<ResourceKind, Instant>,
}

impl Plain {
    fn line(&mut self, event: &Event, now: Instant) -> Option<String> {
        match event {
            Event::Note(text) => Some(text.clone()),
            Event::Started { .. } => None,
            Event::Waiting { resource, reason } => {
                let due = self.last_wait.get(resource).is_none_or(|last| now.duration_since(*last) >= PLAIN_WAIT);
                if !self.waits || !due {
                    return None;
                }
                self.last_wait.insert(*resource, now);
                Some(format!("  … {}  {}", resource.as_str(), paint(DIM, reason)))
            }
            Event::Done { action: Action::NoOp, .. } if !self.all => None,
            Event::Done { resource, action, id, elapsed_ms } => {
                let what = paint(style(*action), format_args!("{} {}", action.symbol(), resource.as_str()));
                let seconds = Duration::from_millis(*elapsed_ms).as_secs_f64();
                Some(format!("  {what}  {id}  {}", paint(DIM, format_args!("{seconds:.1} s"))))
            }
            Event::Failed { resource } => Some(paint(BAD, format_args!("  ✗ {}", resource.as_str()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::Format;

    fn line(plain: &mut Plain, event: &Event, now: Instant) -> Option<String> {
        plain.line(event, now).map(|line| anstream::adapter::strip_str(&line).to_string())
    }

    fn done(action: Action) -> Event {
        Event::Done { resource: ResourceKind::UserPool, action, id: "eu-central-1_abc".into(), elapsed_ms: 1240 }
    }

    #[test]
    fn plain_lines_say_what_was_done() {
        let now = Instant::now();
        let mut plain = Plain::default();
        assert_eq!(
            line(&mut plain, &done(Action::Create), now).as_deref(),
            Some("  + user_pool  eu-central-1_abc  1.2 s")
        );
        assert_eq!(line(&mut plain, &done(Action::NoOp), now), None);
        plain.all = true;
        assert_eq!(
            line(&mut plain, &done(Action::NoOp), now).as_deref(),
            Some("  • user_pool  eu-central-1_abc  1.2 s")
        );
        let failed = Event::Failed { resource: ResourceKind::Domain };
        assert_eq!(line(&mut plain, &failed, now).as_deref(), Some("  ✗ domain"));
    }

    #[test]
    fn a_wait_is_repeated_every_ten_seconds() {
        let start = Instant::now();
        let mut plain = Plain { waits: true, ..Plain::default() };
        let wait = Event::Waiting { resource: ResourceKind::Role, reason: "not assumable yet".into() };
        assert_eq!(line(&mut plain, &wait, start).as_deref(), Some("  … role  not assumable yet"));
        assert_eq!(line(&mut plain, &wait, start + Duration::from_secs(9)), None);
        assert!(line(&mut plain, &wait, start + Duration::from_secs(10)).is_some());
    }

    #[tokio::test]
    async fn finishing_does_not_wait_for_remaining_senders() {
        let progress = Ui::new(Format::Text, 0, true).progress();
        let events = progress.events().clone();
        events.send(done(Action::Create));
        tokio::time::timeout(Duration::from_secs(5), progress.finish()).await.ok().unwrap_or_else(|| panic!("hangs"));
    }
}
