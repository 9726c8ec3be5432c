//! What a graph can say: the types.

/// What a model's graph says. `None` means that it does not tell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evidence {
    /// Where the numbers lie that the graph takes.
    pub input: Option<InputRange>,
    /// What the graph's last operator leaves.
    pub output: Option<OutputKind>,
}

/// Where the numbers lie that a graph with a float input takes, when it normalizes them itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputRange {
    /// 0 to 255.
    Bytes,
    /// 0 to 1.
    Unit,
}

/// What a graph's output holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputKind {
    /// Probabilities of classes that exclude each other: the graph ends in a softmax.
    Probabilities,
    /// Logarithms of such probabilities.
    LogProbabilities,
    /// Independent probabilities: the graph ends in a sigmoid.
    Independent,
}

impl InputRange {
    /// In words, for people.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Bytes => "values of 0 to 255, which the graph normalizes itself",
            Self::Unit => "values of 0 to 1, which the graph normalizes further",
        }
    }
}

impl OutputKind {
    /// In words, for people.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Probabilities => "probabilities: the graph ends in a softmax",
            Self::LogProbabilities => "logarithms of probabilities: the graph ends in a log-softmax",
            Self::Independent => "independent probabilities: the graph ends in a sigmoid",
        }
    }
}
