//! The prepared form, as the function runs it.

use anyhow::Result;
use bench::{Call, Elements, serve};
use channels_last::{InputData, Isa, Program};

fn main() -> Result<()> {
    serve(|call| {
        let program = Program::load(&mut std::fs::File::open(&call.model)?)?;
        let (isa, mut workspace) = (Isa::detect(), program.workspace());
        Ok(move |call: &Call| {
            let input = match &call.elements {
                Elements::U8(bytes) => InputData::U8(bytes),
                Elements::F32(floats) => InputData::F32(floats),
            };
            let mut scores = vec![0.0; program.outputs()[0]];
            program.run(isa, &mut workspace, &[input], &mut [&mut scores]);
            Ok(scores)
        })
    })
}
