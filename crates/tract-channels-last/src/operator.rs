//! The operator that takes the place of a part of a model.

use std::sync::Mutex;

use channels_last::{Element, Isa, Program, Source, State};
use tract_core::internal::*;

/// A compiled part of a model.
#[derive(Debug, Clone)]
pub struct ChannelsLast {
    program: Arc<Program>,
    isa: Isa,
    /// Shapes of the outputs.
    shapes: TVec<TVec<usize>>,
    /// Memory of runs that are over; as many as ever ran at once.
    states: Arc<Mutex<Vec<State>>>,
}

impl ChannelsLast {
    pub(crate) fn new(program: Arc<Program>, isa: Isa, shapes: TVec<TVec<usize>>) -> Self {
        Self { program, isa, shapes, states: Arc::default() }
    }

    /// What it runs.
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }
}

// Two are the same only when they are one: comparing programs would cost more than it could save.
impl PartialEq for ChannelsLast {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.program, &other.program)
    }
}

impl Eq for ChannelsLast {}

impl Op for ChannelsLast {
    fn name(&self) -> StaticName {
        "ChannelsLast".into()
    }

    fn info(&self) -> TractResult<Vec<String>> {
        let (weights, memory) = (self.program.weight_bytes(), self.program.state_bytes());
        Ok(vec![format!("{}, {weights} bytes of weights, {memory} of memory", self.isa.name())])
    }

    fn validation(&self) -> Validation {
        Validation::Rounding
    }

    op_as_typed_op!();
}

impl EvalOp for ChannelsLast {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let views = inputs.iter().map(|input| input.try_as_plain_ram()).collect::<TractResult<TVec<_>>>()?;
        let mut sources: TVec<Source<'_>> = tvec![];
        for (view, (length, element)) in views.iter().zip(self.program.inputs()) {
            let source = match element {
                Element::F32 => Source::F32(view.as_slice::<f32>()?),
                Element::U8 => Source::U8(view.as_slice::<u8>()?),
            };
            let found = match source {
                Source::F32(source) => source.len(),
                Source::U8(source) => source.len(),
            };
            ensure!(found == length, "{found} elements where {length} are expected");
            sources.push(source);
        }
        let mut outputs =
            self.shapes.iter().map(|shape| Tensor::zero::<f32>(shape)).collect::<TractResult<TVec<_>>>()?;
        {
            let mut views =
                outputs.iter_mut().map(|output| output.try_as_plain_ram_mut()).collect::<TractResult<TVec<_>>>()?;
            let mut targets =
                views.iter_mut().map(|view| view.as_slice_mut::<f32>()).collect::<TractResult<TVec<&mut [f32]>>>()?;
            // A run that panicked has left nothing here: its memory went with it.
            let pool = || self.states.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let free = pool().pop();
            let mut state = free.unwrap_or_else(|| self.program.state());
            self.program.run(self.isa, &mut state, &sources, &mut targets);
            pool().push(state);
        }
        Ok(outputs.into_iter().map(IntoTValue::into_tvalue).collect())
    }
}

impl TypedOp for ChannelsLast {
    fn output_facts(&self, _inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(self.shapes.iter().map(f32::fact).collect())
    }

    as_op!();
}
