//! Layer norm on residual sums.

use super::{
    distance::Distance,
    findings::{ChannelShifts, Findings, Inputs},
    passes::{NormSite, Passes},
    rounding::{Q2_14, Q6_10, Q9_7, Tally, af8_3, mantissa_place},
};
use crate::{Matrix, ModelError, checkpoint::Norm};
use alberti_golden::layernorm::LayerNorm;

/// Every row of every layer norm.
pub fn measure(passes: &Passes, length_max: usize) -> Result<Findings, ModelError> {
    let channels = passes.model.checkpoint.config.hidden_size;
    if channels > length_max {
        let omission =
            format!("layernorm: the model's rows of {channels} channels are longer than its own of {length_max}");
        return Ok(Findings { omissions: vec![omission], ..Findings::default() });
    }
    let mut findings = Findings::default();
    let norms = passes.norms();
    let (embeddings, layers) = norms.split_at(1);
    let epsilon = passes.model.checkpoint.config.layer_norm_eps.into();
    let run = |sample, sites: &[NormSite]| {
        let mut measured = Measured { sample, epsilon, ..Measured::default() };
        for site in sites {
            measured.norm(site.norm, &site.inputs, site.codes.as_ref())?;
        }
        Ok::<_, ModelError>(measured.finish())
    };
    findings.extend(run("embeddings", embeddings)?);
    findings.extend(Findings { channel_shifts: None, ..run("embeddings, scaled", &[scaled(&embeddings[0])])? });
    findings.extend(run("layers", layers)?);
    Ok(findings)
}

/// The same layer norm on rows times the power of two that leaves one bit of Q9.7 free. Its results are the
/// same, and rounding takes a smaller share of the rows: the embeddings' are small beside the layers'.
fn scaled<'a>(site: &NormSite<'a>) -> NormSite<'a> {
    let largest = site.inputs.iter().map(Matrix::max_magnitude).fold(f32::MIN_POSITIVE, f32::max);
    let factor = (128.0 / largest).log2().floor().clamp(0.0, 16.0).exp2();
    let times = |matrix: &Matrix| Matrix { data: matrix.data.iter().map(|x| x * factor).collect(), ..*matrix };
    NormSite { norm: site.norm, inputs: site.inputs.iter().map(times).collect(), codes: site.codes.clone() }
}

/// The rows so far.
#[derive(Default)]
struct Measured {
    sample: &'static str,
    epsilon: f64,
    sums: Tally,
    gains: Tally,
    offsets: Tally,
    clipped: Tally,
    shifts: [usize; 4],
    norms: usize,
    /// Against rounded inputs, against f32's.
    wide: [Distance; 2],
    codes: [Distance; 2],
}

impl Measured {
    /// Runs one layer norm on rows of its inputs; `codes` are its channel shifts and exponent bias.
    fn norm(&mut self, norm: &Norm, inputs: &[Matrix], codes: Option<&(Vec<u8>, i32)>) -> Result<(), ModelError> {
        let (gain, offset) = (widened(&norm.gain), widened(&norm.offset));
        let (gamma, beta) = (self.gains.row16(Q2_14, &gain), self.offsets.row16(Q6_10, &offset));
        let rounded_gain: Vec<f64> = gamma.iter().map(|&g| Q2_14.value(g)).collect();
        let rounded_offset: Vec<f64> = beta.iter().map(|&b| Q6_10.value(b)).collect();
        let (shifts, bias) = codes.cloned().unwrap_or_else(|| (vec![0; gain.len()], 0));
        let block = LayerNorm::new(gamma, beta, &shifts, bias)?;
        if codes.is_some() {
            self.norms += 1;
            shifts.iter().for_each(|&k| self.shifts[usize::from(k)] += 1);
        }
        for r in inputs.iter().flat_map(|matrix| (0..matrix.rows).map(|row| widened(matrix.row(row)))) {
            let rounded = self.sums.row16(Q9_7, &r);
            let row = block.row(&rounded)?;
            let y = normalised(&rounded.iter().map(|&r| Q9_7.value(r)).collect::<Vec<_>>(), 0.0);
            let own = affine(&y, &rounded_gain, &rounded_offset);
            let total = affine(&normalised(&r, self.epsilon), &gain, &offset);
            let wide: Vec<f64> = row.wide.iter().map(|&z| Q6_10.value(z)).collect();
            let place = |_: usize, _: f64| Some(Q6_10.place());
            self.wide[0].row(&wide, &own, place);
            self.wide[1].row(&wide, &total, place);
            for (((&z, &e), &y), &gain) in wide.iter().zip(&own).zip(&y).zip(&rounded_gain) {
                let places = 0.5 + gain.abs() * (0.5 + 1.157e-4 * y.abs() / Q6_10.place());
                self.wide[0].promise(z - e, places * Q6_10.place());
            }
            if codes.is_none() {
                continue;
            }
            let scale = |channel: usize| bias + i32::from(shifts[channel]);
            let values: Vec<f64> = row.codes.iter().enumerate().map(|(c, &code)| af8_3(code, scale(c))).collect();
            let place = |channel, z| mantissa_place(z, scale(channel));
            self.codes[0].row(&values, &own, place);
            self.codes[1].row(&values, &total, place);
            own.iter().zip(&row.codes).enumerate().for_each(|(c, (&z, &code))| self.clipped.code(z, code, scale(c)));
        }
        Ok(())
    }

    fn finish(self) -> Findings {
        let sample = self.sample;
        let lines = |result, [own, total]: [Distance; 2]| {
            [
                own.line("layernorm", sample, result, Inputs::Rounded),
                total.line("layernorm", sample, result, Inputs::F32),
            ]
        };
        let mut findings = Findings::default();
        findings.errors.extend(lines(Q6_10.name, self.wide));
        findings.errors.extend(lines("af8_3", self.codes));
        findings.roundings = vec![
            self.sums.finish("layernorm", sample, "residual sums", Q9_7.name),
            self.gains.finish("layernorm", sample, "gamma", Q2_14.name),
            self.offsets.finish("layernorm", sample, "beta", Q6_10.name),
            self.clipped.finish("layernorm", sample, "results", "af8_3"),
        ];
        findings.channel_shifts = Some(ChannelShifts { norms: self.norms, channels_by_shift: self.shifts });
        findings
    }
}

fn widened(row: &[f32]) -> Vec<f64> {
    row.iter().map(|&x| x.into()).collect()
}

/// (r − mean)/√(variance + ε); zero for a row without variance.
fn normalised(row: &[f64], epsilon: f64) -> Vec<f64> {
    let count = row.len() as f64;
    let mean = row.iter().sum::<f64>() / count;
    let variance = row.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / count;
    row.iter().map(|r| if variance > 0.0 { (r - mean) / (variance + epsilon).sqrt() } else { 0.0 }).collect()
}

/// γ·y + β.
fn affine(y: &[f64], gain: &[f64], offset: &[f64]) -> Vec<f64> {
    y.iter().zip(gain).zip(offset).map(|((y, gain), offset)| y * gain + offset).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_two_is_followed_by_hand() {
        // r = ±1 is y = ±1; z = 1.5·1 + 0.25 and −1.5 + 0.25, which Q6.10 and AF<8,3> hold exactly.
        let norm = Norm { gain: vec![1.5; 2], offset: vec![0.25; 2] };
        let row = Matrix { rows: 1, cols: 2, data: vec![1.0, -1.0] };
        let mut measured = Measured::default();
        measured.norm(&norm, &[row], Some(&(vec![0, 1], -7))).expect("a row");
        let findings = measured.finish();
        assert_eq!(findings.errors.len(), 4);
        assert!(findings.errors.iter().all(|line| line.rows == 1 && line.max_abs_error == 0.0), "{findings:?}");
        assert_eq!(findings.errors[0].share_of_bound, Some(0.0));
        let shifts = ChannelShifts { norms: 1, channels_by_shift: [1, 1, 0, 0] };
        assert_eq!(findings.channel_shifts, Some(shifts));
        assert!(findings.roundings.iter().all(|rounded| rounded.saturated == 0));
    }

    #[test]
    fn scaling_keeps_the_results_and_a_bit_of_room() {
        let norm = Norm { gain: vec![1.0; 2], offset: vec![0.0; 2] };
        let matrix = |data: &[f32]| Matrix { rows: 1, cols: 2, data: data.to_vec() };
        let site = NormSite { norm: &norm, inputs: vec![matrix(&[1.0, -2.5])], codes: None };
        assert_eq!(scaled(&site).inputs, [matrix(&[32.0, -80.0])]);
        let zero = NormSite { inputs: vec![matrix(&[0.0, 0.0])], ..scaled(&site) };
        assert_eq!(scaled(&zero).inputs, zero.inputs);
    }

    #[test]
    fn parameters_that_no_format_holds_are_counted_and_show_against_f32_alone() {
        // γ = 2.5 saturates just below 2: the unit is right about what it was given, and half a unit off what
        // was meant.
        let norm = Norm { gain: vec![2.5; 2], offset: vec![0.0; 2] };
        let row = Matrix { rows: 1, cols: 2, data: vec![300.0, -300.0] };
        let mut measured = Measured::default();
        measured.norm(&norm, &[row], None).expect("a row");
        let findings = measured.finish();
        assert!(findings.errors[0].max_error_places <= 1.0, "{findings:?}");
        assert!((findings.errors[1].max_abs_error - 0.5).abs() < 2e-3, "{findings:?}");
        let saturated: Vec<u64> = findings.roundings.iter().map(|rounded| rounded.saturated).collect();
        assert_eq!(saturated, [2, 2, 0, 0]);
        assert_eq!((findings.errors[2].rows, findings.channel_shifts.map(|shifts| shifts.norms)), (0, Some(0)));
    }
}
