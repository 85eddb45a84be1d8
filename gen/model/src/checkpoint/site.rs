//! The linear layers of an encoder layer.

/// Where in an encoder layer a linear layer sits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Site {
    /// Query projection.
    Query,
    /// Key projection.
    Key,
    /// Value projection.
    Value,
    /// Projection of the heads' context.
    AttentionOutput,
    /// First half of the feed-forward net.
    Intermediate,
    /// Second half of the feed-forward net.
    Output,
}

impl Site {
    /// Every site, in the order of computation.
    pub const ALL: [Self; 6] =
        [Self::Query, Self::Key, Self::Value, Self::AttentionOutput, Self::Intermediate, Self::Output];

    /// The site's part of a layer's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Query => "attention.query",
            Self::Key => "attention.key",
            Self::Value => "attention.value",
            Self::AttentionOutput => "attention.output",
            Self::Intermediate => "intermediate",
            Self::Output => "output",
        }
    }
}

/// The name of a linear layer: `layer.0.attention.query`, …, `layer.5.output`.
#[must_use]
pub fn linear_name(layer: usize, site: Site) -> String {
    format!("layer.{layer}.{}", site.name())
}
