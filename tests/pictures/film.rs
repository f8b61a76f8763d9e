//! The tour as a film: what stands on the screen, and for how long.

use crate::studio::{Size, Studio};
use castellan::demo::tour::{self, Stage};
use castellan_terminal::Drawing;
use std::{fmt::Write as _, time::Duration};

const SIZE: Size = (80, 24);
const THEME: &str = "dark";
/// Between two frames.
const FRAME: Duration = Duration::from_secs(4);
/// While the tour waits for something, a frame stands so long: what takes a minute is not watched for one.
const LAPSE: Duration = Duration::from_millis(600);
/// The longest that it is waited for.
const PATIENCE: Duration = Duration::from_secs(180);

pub struct Frame {
    pub drawing: Drawing,
    pub stands: Duration,
}

pub async fn made() -> Vec<Frame> {
    let stages = tour::stages().expect("the tour");
    let mut studio = Studio::open(&[], SIZE).await;
    let mut frames = Vec::new();
    for (nth, stage) in stages.iter().enumerate() {
        studio.begin(stage, (nth + 1, stages.len())).await;
        shoot(&mut studio, stage, &mut frames).await;
    }
    frames
}

/// A stage: until what it waits for has come, and then as long as it stands.
async fn shoot(studio: &mut Studio, stage: &Stage, frames: &mut Vec<Frame>) {
    let (mut waited, mut stood) = (Duration::ZERO, Duration::ZERO);
    while stood < stage.stands.0 {
        let over = studio.is_over(stage) || waited >= PATIENCE;
        frames.push(Frame { drawing: studio.drawing(THEME), stands: if over { FRAME } else { LAPSE } });
        *if over { &mut stood } else { &mut waited } += FRAME;
        studio.pass(FRAME).await;
    }
}

/// All frames to be read, each under a line that tells how long it stands.
pub fn text(frames: &[Frame]) -> String {
    frames.iter().fold(String::new(), |mut text, Frame { drawing, stands }| {
        let _ = writeln!(text, "═══ {} s ═══\n{}", stands.as_secs_f64(), drawing.text());
        text
    })
}
