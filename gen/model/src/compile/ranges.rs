//! The ranges of an encoder's tensors, as instructions share them.

use crate::{
    ModelError, Site,
    adapted::{Adapted, Heads, Reads},
    calibration::{Calibration, LayerRange},
    checkpoint::linear_name,
    matrix::max_magnitude,
};

/// A calibrated encoder.
#[derive(Clone, Copy)]
pub(super) struct Ranges<'a> {
    pub model: &'a Adapted,
    pub calibration: &'a Calibration,
}

/// The largest magnitude of each channel.
#[derive(Clone, Debug, Default)]
pub(super) struct Channels(Vec<f32>);

impl Channels {
    /// The largest of all.
    pub fn max(&self) -> f32 {
        max_magnitude(&self.0)
    }

    /// As the input of a layer.
    pub fn with_output(self, layer: &LayerRange) -> LayerRange {
        LayerRange { channel_max: self.0, output_max: layer.output_max }
    }

    /// Of several layers that read the same codes.
    fn union<'r>(ranges: impl Iterator<Item = &'r LayerRange>) -> Option<Self> {
        ranges
            .map(|range| range.channel_max.clone())
            .reduce(|mut most, range| {
                most.iter_mut().zip(range).for_each(|(most, x)| *most = most.max(x));
                most
            })
            .map(Self)
    }
}

impl<'a> Ranges<'a> {
    /// Of a linear layer.
    pub fn range(&self, name: &str) -> Result<&'a LayerRange, ModelError> {
        self.calibration.range(name).ok_or_else(|| ModelError::Shape(format!("{name} was not calibrated")))
    }

    /// Of a layer of the backbone: one that reads the residual stream sees it as all its readers do.
    pub fn site(&self, layer: usize, site: Site) -> Result<LayerRange, ModelError> {
        let own = self.range(&linear_name(layer, site))?;
        let stream = match site {
            Site::Query | Site::Key | Site::Value => self.stream(layer),
            Site::Intermediate => self.inner(layer),
            Site::AttentionOutput | Site::Output => None,
        };
        Ok(LayerRange { channel_max: stream.unwrap_or_else(|| own.channel_max.clone()), output_max: own.output_max })
    }

    /// Of the codes that enter a layer, or of those after the last, for classifiers. They are the same for
    /// all layers where these share weights, or an off-ramp reads all of them.
    pub fn stream(&self, layer: usize) -> Option<Vec<f32>> {
        let (model, distinct) = (self.model, self.model.distinct());
        let heads = self.named(model.head_names());
        let readers = |layer: usize| {
            let adapters = self.named(model.adapter_names(layer, 0, Reads::Input));
            self.calibration.range(&linear_name(layer, Site::Query)).into_iter().chain(adapters)
        };
        let alike = distinct < model.depth()
            || model.tasks.iter().filter_map(|task| task.heads.as_ref()).any(Heads::exits_early);
        let range = match layer {
            _ if alike => Channels::union((0..distinct).flat_map(readers).chain(heads)),
            _ if layer < distinct => Channels::union(readers(layer)),
            _ => Channels::union(heads),
        };
        range.map(|Channels(channels)| channels)
    }

    /// Of the codes between the halves of a layer.
    fn inner(&self, layer: usize) -> Option<Vec<f32>> {
        let adapters = self.named(self.model.adapter_names(layer, 1, Reads::Input));
        let own = self.calibration.range(&linear_name(layer, Site::Intermediate));
        Channels::union(own.into_iter().chain(adapters)).map(|Channels(channels)| channels)
    }

    fn named<'r>(&self, names: impl Iterator<Item = String> + 'r) -> impl Iterator<Item = &'a LayerRange> + 'r
    where
        'a: 'r,
    {
        let calibration = self.calibration;
        names.filter_map(move |name| calibration.range(&name))
    }

    /// The largest residual sum after a half of a layer, wherever its weights are passed.
    pub fn sum(&self, layer: usize, half: usize) -> Result<f32, ModelError> {
        let sums = self.calibration.sums().iter().skip(2 * layer + half).step_by(2 * self.model.distinct());
        let largest = sums.copied().reduce(f32::max);
        largest.ok_or_else(|| ModelError::Shape(format!("the residual sums of layer {layer} were not calibrated")))
    }

    /// Of a dense layer's results, where the adapter of some task reads them.
    pub fn dense(&self, layer: usize, half: usize) -> Option<Channels> {
        Channels::union(self.named(self.model.adapter_names(layer, half, Reads::Dense)))
    }
}
