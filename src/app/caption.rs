//! The tour's words on the screen, and the two keys that are the tour's.

use super::{Effect, Model, chord::Chord, text};
use crate::pane::Tone;
use crossterm::event::KeyCode;

/// Lines of a caption at the most, its keys' line among them.
const LINES: u16 = 4;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caption {
    pub text: String,
    /// Which of how many.
    pub stage: (usize, usize),
}

/// Where the tour is to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nudge {
    Next,
    Leave,
}

impl Caption {
    pub fn lines(&self, width: u16) -> Vec<&str> {
        text::fold(&self.text, usize::from(width.saturating_sub(2)))
    }

    pub fn keys(&self) -> String {
        format!("tour {}/{} · space goes on · esc leaves the tour", self.stage.0, self.stage.1)
    }

    /// With its keys; small screens keep their lines.
    pub fn height(&self, (width, height): (u16, u16)) -> u16 {
        let lines = u16::try_from(self.lines(width).len()).unwrap_or(LINES).saturating_add(1).min(LINES);
        if height < 16 { 1.min(height / 8) } else { lines }
    }
}

/// A key of the user's while the tour goes on; its own are pressed by [`super::Msg::Played`].
pub fn press(model: &mut Model, chord: Chord) {
    match chord.code {
        KeyCode::Char(' ') | KeyCode::Enter => model.effect(Effect::Tour(Nudge::Next)),
        KeyCode::Esc | KeyCode::Char('q') => model.effect(Effect::Tour(Nudge::Leave)),
        KeyCode::Char('c') if chord.ctrl => model.effect(Effect::Tour(Nudge::Leave)),
        _ => model
            .say(Tone::Muted, "the tour is going on: space goes on, esc leaves it and the keys are yours"),
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        app::{Effect, Msg, caption::Caption, caption::Nudge, tests::Hands},
        world::Mood,
    };

    #[test]
    fn while_the_tour_goes_on_only_its_own_keys_are_pressed() {
        let mut hands = Hands::on(Mood::Healthy, "overview");
        let caption = Caption { text: "words".into(), stage: (1, 2) };
        hands.send(Msg::Caption(Some(caption)));
        hands.press(": q p o");
        assert!(hands.model.prompt.is_none() && hands.said().contains("space goes on"), "{}", hands.said());
        assert!(hands.effects.contains(&Effect::Tour(Nudge::Leave)), "q leaves the tour and not castellan");
        assert!(!hands.effects.contains(&Effect::Quit));
        hands.press("space");
        assert!(hands.effects.contains(&Effect::Tour(Nudge::Next)));
        hands.send(Msg::Played(":".parse().unwrap()));
        assert!(hands.model.prompt.is_some());
        hands.send(Msg::Caption(None)).type_in("pods").press("enter");
        assert_eq!(hands.model.screen().pane.name, "pods", "the keys are the user's again");
    }
}
