//! The prepared form, as the function runs it.

use anyhow::Result;
use bench::{Call, Elements, serve};
use channels_last::{Isa, Program, Source};

fn main() -> Result<()> {
    serve(|call| {
        let program = Program::load(&mut std::fs::File::open(&call.model)?)?;
        let (isa, mut state) = (Isa::detect(), program.state());
        Ok(move |call: &Call| {
            let source = match &call.elements {
                Elements::U8(bytes) => Source::U8(bytes),
                Elements::F32(floats) => Source::F32(floats),
            };
            let mut scores = vec![0.0; program.outputs()[0]];
            program.run(isa, &mut state, &[source], &mut [&mut scores]);
            Ok(scores)
        })
    })
}
