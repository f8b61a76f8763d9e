//! What is on the pictures.

use crate::studio::Size;
use std::time::Duration;

pub struct Picture {
    pub name: &'static str,
    /// Of the demo.
    pub options: &'static [&'static str],
    /// How long the console has looked on: half a minute tells how late a group is.
    pub after: Duration,
    /// What is pressed then, in steps whose answers are waited for; at each size, so they begin with a pane.
    pub keys: &'static [&'static str],
}

pub const SIZES: &[Size] = &[(80, 24), (160, 50)];
pub const THEMES: &[&str] = &["dark", "light"];

const AT_ONCE: Duration = Duration::ZERO;
const A_WHILE: Duration = Duration::from_secs(40);

pub const PICTURES: &[Picture] = &[
    Picture { name: "overview", options: &[], after: A_WHILE, keys: &[": overview enter"] },
    Picture {
        name: "broker-down",
        options: &["--scenario", "broker-down"],
        after: A_WHILE,
        keys: &[": overview enter"],
    },
    Picture {
        name: "plan",
        options: &["--scenario", "broker-down"],
        after: AT_ONCE,
        keys: &[": pods enter", "/ ^kafka-2 enter", "g e"],
    },
    Picture {
        name: "lag",
        options: &["--scenario", "lagging"],
        after: A_WHILE,
        keys: &[": groups enter", "/ dispatch enter", "enter"],
    },
    Picture {
        name: "moves",
        options: &["--scenario", "throttle-left"],
        after: A_WHILE,
        keys: &[": reassignments enter"],
    },
    Picture {
        name: "charts",
        options: &["--scenario", "disk-full"],
        after: AT_ONCE,
        keys: &[": charts enter"],
    },
    Picture {
        name: "messages",
        options: &[],
        after: AT_ONCE,
        keys: &[": topics enter", "/ ^orders$ enter", "m", "v"],
    },
];
