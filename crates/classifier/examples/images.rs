//! How long it takes to get images ready for a model: reading the file, and all of it down to the input's size.
//!
//! usage: images ROUNDS WIDTH HEIGHT IMAGE…
//! Prints a line of JSON for each image, with the least and the median of the rounds in milliseconds.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::time::{Duration, Instant};

use anyhow::Context as _;
use classifier::{Color, Filter, preprocess};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |name: &str| -> anyhow::Result<u32> {
        let text = arguments.next().with_context(|| format!("{name} is missing"))?;
        text.parse().with_context(|| format!("{name} {text}"))
    };
    let (rounds, size) = (number("ROUNDS")?.max(1), [number("WIDTH")?, number("HEIGHT")?]);
    for path in arguments {
        let bytes = std::fs::read(&path).with_context(|| format!("reading {path}"))?;
        let mut took: Vec<Duration> = Vec::new();
        for _ in 0..rounds {
            let started = Instant::now();
            preprocess(&bytes, Color::Rgb, size, Filter::Bilinear).with_context(|| format!("preparing {path}"))?;
            took.push(started.elapsed());
        }
        took.sort();
        let ms = |duration: Duration| (duration.as_secs_f64() * 1e5).round() / 100.0;
        let line = serde_json::json!({ "image": path, "least_ms": ms(took[0]), "median_ms": ms(took[took.len() / 2]) });
        println!("{line}");
    }
    Ok(())
}
