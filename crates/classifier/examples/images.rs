//! Measures preprocessing: decoding an image, converting and resizing it.
//!
//! usage: images ROUNDS WIDTH HEIGHT IMAGE…
//! Prints one line of JSON per image, with the minimum and median of the rounds in milliseconds.

#![expect(clippy::print_stdout, reason = "printing figures is its purpose")]

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
            preprocess(&bytes, Color::Rgb, size, Filter::Bilinear).with_context(|| format!("preprocessing {path}"))?;
            took.push(started.elapsed());
        }
        took.sort();
        let ms = |duration: Duration| (duration.as_secs_f64() * 1e5).round() / 100.0;
        let line = serde_json::json!({ "image": path, "least_ms": ms(took[0]), "median_ms": ms(took[took.len() / 2]) });
        println!("{line}");
    }
    Ok(())
}
