//! The ranges of an encoder's tensors, as instructions share them.

use crate::{
    ModelError, Site,
    adapted::{Adapted, Heads},
    calibration::{Calibration, LayerRange},
    checkpoint::linear_name,
    layer_names,
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
        let stream = matches!(site, Site::Query | Site::Key | Site::Value).then(|| self.stream(layer)).flatten();
        Ok(LayerRange { channel_max: stream.unwrap_or_else(|| own.channel_max.clone()), output_max: own.output_max })
    }

    /// Of the codes that enter a layer, or of those after the last, for classifiers. They are the same for
    /// all layers where these share weights, or an off-ramp reads all of them.
    pub fn stream(&self, layer: usize) -> Option<Vec<f32>> {
        let (model, distinct) = (self.model, self.model.distinct());
        let heads = model.head_names().filter_map(|name| self.calibration.range(&name));
        let query = |layer: usize| self.calibration.range(&linear_name(layer, Site::Query));
        let alike = distinct < model.depth()
            || model.tasks.iter().filter_map(|task| task.heads.as_ref()).any(Heads::exits_early);
        let range = match layer {
            _ if alike => Channels::union((0..distinct).filter_map(query).chain(heads)),
            _ if layer < distinct => Channels::union(query(layer).into_iter()),
            _ => Channels::union(heads),
        };
        range.map(|Channels(channels)| channels)
    }

    /// The largest residual sum after a half of a layer, wherever its weights are passed.
    pub fn sum(&self, layer: usize, half: usize) -> Result<f32, ModelError> {
        let sums = self.calibration.sums().iter().skip(2 * layer + half).step_by(2 * self.model.distinct());
        let largest = sums.copied().reduce(f32::max);
        largest.ok_or_else(|| ModelError::Shape(format!("the residual sums of layer {layer} were not calibrated")))
    }

    /// Of what the adapters of all tasks read after a half of a layer; none where there is no adapter.
    pub fn adapter(&self, layer: usize, half: usize) -> Option<Channels> {
        let names = (0..self.model.tasks.len()).map(|task| layer_names::adapter(task, layer, half, "down"));
        let ranges: Vec<_> = names.filter_map(|name| self.calibration.range(&name)).collect();
        Channels::union(ranges.into_iter())
    }
}
