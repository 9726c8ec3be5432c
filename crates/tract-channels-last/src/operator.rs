//! The tract operator that runs a compiled subgraph.

use std::sync::Mutex;

use channels_last::{ElementType, InputData, Isa, Program, Workspace};
use tract_core::internal::*;

/// A tract operator that runs a compiled [`Program`].
#[derive(Debug, Clone)]
pub struct ChannelsLast {
    program: Arc<Program>,
    isa: Isa,
    /// The shape of each output tensor.
    output_shapes: TVec<TVec<usize>>,
    /// Workspaces that no run is using. There are never more than runs at the same time.
    workspaces: Arc<Mutex<Vec<Workspace>>>,
}

impl ChannelsLast {
    pub(crate) fn new(program: Arc<Program>, isa: Isa, output_shapes: TVec<TVec<usize>>) -> Self {
        Self { program, isa, output_shapes, workspaces: Arc::default() }
    }

    /// The program that it runs.
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }
}

// Compares by identity: comparing whole programs would cost more than merging equal operators saves.
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
        let (weights, memory) = (self.program.weight_bytes(), self.program.workspace_bytes());
        Ok(vec![format!("{}, {weights} bytes of weights, {memory} bytes of workspace", self.isa.name())])
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
        let mut data: TVec<InputData<'_>> = tvec![];
        for (view, (length, element_type)) in views.iter().zip(self.program.inputs()) {
            let input = match element_type {
                ElementType::F32 => InputData::F32(view.as_slice::<f32>()?),
                ElementType::U8 => InputData::U8(view.as_slice::<u8>()?),
            };
            let found = match input {
                InputData::F32(floats) => floats.len(),
                InputData::U8(bytes) => bytes.len(),
            };
            ensure!(found == length, "expected {length} elements, found {found}");
            data.push(input);
        }
        let mut outputs =
            self.output_shapes.iter().map(|shape| Tensor::zero::<f32>(shape)).collect::<TractResult<TVec<_>>>()?;
        {
            let mut views =
                outputs.iter_mut().map(|output| output.try_as_plain_ram_mut()).collect::<TractResult<TVec<_>>>()?;
            let mut slices =
                views.iter_mut().map(|view| view.as_slice_mut::<f32>()).collect::<TractResult<TVec<&mut [f32]>>>()?;
            // A poisoned lock is fine: a run that panicked took its workspace with it.
            let pool = || self.workspaces.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let free = pool().pop();
            let mut workspace = free.unwrap_or_else(|| self.program.workspace());
            self.program.run(self.isa, &mut workspace, &data, &mut slices);
            pool().push(workspace);
        }
        Ok(outputs.into_iter().map(IntoTValue::into_tvalue).collect())
    }
}

impl TypedOp for ChannelsLast {
    fn output_facts(&self, _inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(self.output_shapes.iter().map(f32::fact).collect())
    }

    as_op!();
}
