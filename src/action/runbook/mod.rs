//! The night's work in one key: verbs whose plans are tasks. One file each.

pub mod roll;
