pub mod domain;
pub mod pane;
pub mod source;
