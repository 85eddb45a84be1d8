//! What answers for token 0: off-ramps after layers before the last, the classifier after the last.

use std::collections::BTreeMap;

/// The heads of a task. An off-ramp that stood after the last layer would decide nothing: the classifier
/// answers there, so none is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heads<T> {
    off_ramps: OffRamps<T>,
    classifier: T,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum OffRamps<T> {
    /// One, after each of the first so many layers.
    Shared { ramp: T, layers: usize },
    /// By the layers, counted from 1, that have one.
    Own(BTreeMap<usize, T>),
}

/// The classifier's name.
const CLASSIFIER: &str = "classifier";
/// The name of a shared off-ramp, and what those of layers begin with.
const OFF_RAMP: &str = "off_ramp";

impl<T> Heads<T> {
    /// A classifier without off-ramps.
    pub fn new(classifier: T) -> Self {
        Self { off_ramps: OffRamps::Own(BTreeMap::new()), classifier }
    }

    /// The same with one off-ramp after every layer of `depth` but the last.
    #[must_use]
    pub fn with_shared(self, ramp: T, depth: usize) -> Self {
        match depth.saturating_sub(1) {
            0 => Self::new(self.classifier),
            layers => Self { off_ramps: OffRamps::Shared { ramp, layers }, ..self },
        }
    }

    /// The same with an off-ramp of its own after each of some layers of `depth`, counted from 1.
    #[must_use]
    pub fn with_own(self, mut ramps: BTreeMap<usize, T>, depth: usize) -> Self {
        ramps.retain(|layer, _| (1..depth).contains(layer));
        Self { off_ramps: OffRamps::Own(ramps), ..self }
    }

    /// What answers after the last layer.
    pub fn classifier(&self) -> &T {
        &self.classifier
    }

    /// The off-ramp after a layer, counted from 1.
    pub fn off_ramp(&self, layer: usize) -> Option<&T> {
        match &self.off_ramps {
            OffRamps::Shared { ramp, layers } => (1..=*layers).contains(&layer).then_some(ramp),
            OffRamps::Own(ramps) => ramps.get(&layer),
        }
    }

    /// The same with its name.
    pub fn named_off_ramp(&self, layer: usize) -> Option<(String, &T)> {
        let name = || match &self.off_ramps {
            OffRamps::Shared { .. } => OFF_RAMP.to_owned(),
            OffRamps::Own(_) => own_name(layer),
        };
        self.off_ramp(layer).map(|ramp| (name(), ramp))
    }

    /// The classifier with its name.
    pub fn named_classifier(&self) -> (&'static str, &T) {
        (CLASSIFIER, &self.classifier)
    }

    /// Whether two layers, counted from 1, are followed by the same: one off-ramp, or none.
    #[must_use]
    pub fn same_after(&self, a: usize, b: usize) -> bool {
        match (self.off_ramp(a), self.off_ramp(b)) {
            (Some(a), Some(b)) => std::ptr::eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        }
    }

    /// Whether there are off-ramps.
    #[must_use]
    pub fn exits_early(&self) -> bool {
        !matches!(&self.off_ramps, OffRamps::Own(ramps) if ramps.is_empty())
    }

    /// The layers with an off-ramp, counted from 1.
    pub fn layers(&self) -> impl Iterator<Item = usize> {
        let (shared, own) = match &self.off_ramps {
            OffRamps::Shared { layers, .. } => (Some(1..=*layers), None),
            OffRamps::Own(ramps) => (None, Some(ramps.keys().copied())),
        };
        shared.into_iter().flatten().chain(own.into_iter().flatten())
    }

    /// Every off-ramp once, with its name: `off_ramp`, or `off_ramp.<i>` of layer i counted from 0.
    pub fn named_off_ramps(&self) -> impl Iterator<Item = (String, &T)> {
        let (shared, own) = match &self.off_ramps {
            OffRamps::Shared { ramp, .. } => (Some((OFF_RAMP.to_owned(), ramp)), None),
            OffRamps::Own(ramps) => (None, Some(ramps.iter().map(|(&layer, ramp)| (own_name(layer), ramp)))),
        };
        shared.into_iter().chain(own.into_iter().flatten())
    }

    /// Every linear layer once, with its name: the off-ramps, and `classifier`.
    pub fn named(&self) -> impl Iterator<Item = (String, &T)> {
        self.named_off_ramps().chain([(CLASSIFIER.to_owned(), &self.classifier)])
    }

    /// Every linear layer once.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.named().map(|(_, linear)| linear)
    }

    /// Every linear layer once.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        let (shared, own) = match &mut self.off_ramps {
            OffRamps::Shared { ramp, .. } => (Some(ramp), None),
            OffRamps::Own(ramps) => (None, Some(ramps.values_mut())),
        };
        shared.into_iter().chain(own.into_iter().flatten()).chain([&mut self.classifier])
    }

    /// Heads at the same places, each made from one of these and its name.
    ///
    /// # Errors
    /// The first of `make`.
    pub fn try_map<U, E>(&self, mut make: impl FnMut(&str, &T) -> Result<U, E>) -> Result<Heads<U>, E> {
        let off_ramps = match &self.off_ramps {
            OffRamps::Shared { ramp, layers } => OffRamps::Shared { ramp: make(OFF_RAMP, ramp)?, layers: *layers },
            OffRamps::Own(ramps) => {
                let ramps = ramps.iter().map(|(&layer, ramp)| Ok((layer, make(&own_name(layer), ramp)?)));
                OffRamps::Own(ramps.collect::<Result<_, E>>()?)
            }
        };
        Ok(Heads { off_ramps, classifier: make(CLASSIFIER, &self.classifier)? })
    }
}

/// The name of the off-ramp of a layer, counted from 1.
fn own_name(layer: usize) -> String {
    format!("{OFF_RAMP}.{}", layer - 1)
}
