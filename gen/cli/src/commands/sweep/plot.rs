//! What each choice loses, drawn: a bar of 1 − cosine for each, on a logarithmic scale.

use crate::exit::{Failure, Result};
use alberti_diagnostic::Code;
use alberti_model::sweep::Comparison;
use plotters::{
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};
use std::fmt::Display;

/// Pixels.
const WIDTH: i32 = 900;
const ROW: i32 = 22;
const LEFT: i32 = 300;
const RIGHT: i32 = 60;
const TOP: i32 = 50;
const BOTTOM: i32 = 40;

/// Decades that are drawn: from 1e-4 to 1.
const DECADES: i32 = 4;

/// The drawing.
///
/// # Errors
/// None that a user could help.
pub fn svg(design: &str, lines: &[Comparison]) -> Result<String> {
    let mut text = String::new();
    let height = TOP + ROW * lines.len() as i32 + BOTTOM;
    let root = SVGBackend::with_string(&mut text, (WIDTH as u32, height as u32)).into_drawing_area();
    let style =
        |size: i32, horizontal| ("sans-serif", size).into_font().color(&BLACK).pos(Pos::new(horizontal, VPos::Center));
    let bottom = height - BOTTOM;
    root.fill(&WHITE).map_err(failed)?;
    let title = format!("{design}: 1 - cosine to f32, mean over sentences (dark: same weights; light: all weights)");
    root.draw(&Text::new(title, (10, TOP / 2), style(14, HPos::Left))).map_err(failed)?;
    for decade in 0..=DECADES {
        let x = place(10f64.powi(decade - DECADES));
        root.draw(&PathElement::new([(x, TOP), (x, bottom)], BLACK.mix(0.2))).map_err(failed)?;
        let label = format!("1e{}", decade - DECADES);
        root.draw(&Text::new(label, (x, bottom + 12), style(12, HPos::Center))).map_err(failed)?;
    }
    for (number, line) in (0..).zip(lines) {
        let y = TOP + ROW * number + ROW / 2;
        root.draw(&Text::new(line.choice.clone(), (LEFT - 8, y), style(12, HPos::Right))).map_err(failed)?;
        let bars =
            [(line.mean_unpruned_embedding_cosine, BLUE.mix(0.25), 7), (line.mean_embedding_cosine, BLUE.mix(0.9), 4)];
        for (cosine, colour, half) in bars {
            let corners = [(LEFT, y - half), (place(1.0 - cosine), y + half)];
            root.draw(&Rectangle::new(corners, colour.filled())).map_err(failed)?;
        }
        let label = format!("{:.4}", line.mean_embedding_cosine);
        let end = place(1.0 - line.mean_embedding_cosine.min(line.mean_unpruned_embedding_cosine));
        root.draw(&Text::new(label, (end + 6, y), style(11, HPos::Left))).map_err(failed)?;
    }
    root.present().map_err(failed)?;
    drop(root);
    Ok(text)
}

/// Where a loss stands.
fn place(loss: f64) -> i32 {
    let decades = loss.max(1e-9).log10() + f64::from(DECADES);
    let share = (decades / f64::from(DECADES)).clamp(0.0, 1.0);
    LEFT + (share * f64::from(WIDTH - LEFT - RIGHT)).round() as i32
}

fn failed(error: impl Display) -> Failure {
    Failure::new(Code::OutputRefused, format!("the plot cannot be drawn: {error}"), "leave --plot out")
}
