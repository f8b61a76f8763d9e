//! One pane on the screen with everything that was done to it: where history goes back to.

use super::list::List;
use crate::{
    domain::object::Object,
    pane::{Block, Pane, Place, chart::By, find},
};

pub struct Screen {
    pub pane: &'static Pane,
    pub scope: Option<Object>,
    /// One for each table block, in their order.
    pub lists: Vec<List>,
    /// The table with the cursor.
    pub focus: usize,
    /// What the charts are drawn by.
    pub by: By,
}

impl Screen {
    pub fn new(pane: &'static Pane, scope: Option<Object>) -> Self {
        let tables = pane.blocks.iter().filter(|b| matches!(b, Block::Table { .. }));
        let lists = tables.map(|_| List::new(scope.clone())).collect();
        Screen { pane, scope, lists, focus: 0, by: By::default() }
    }

    /// None when there is no such pane.
    pub fn at(place: &Place) -> Option<Self> {
        find(place.pane).map(|pane| Screen::new(pane, place.scope.clone()))
    }

    /// The table blocks with their indexes among the pane's blocks.
    pub fn tables(&self) -> impl Iterator<Item = (usize, &'static dyn crate::pane::Table)> + use<> {
        self.pane.blocks.iter().enumerate().filter_map(|(i, b)| match b {
            Block::Table { table, .. } => Some((i, *table)),
            _ => None,
        })
    }

    pub fn table(&self) -> Option<&'static dyn crate::pane::Table> {
        self.tables().nth(self.focus).map(|(_, table)| table)
    }

    pub fn list(&self) -> Option<&List> {
        self.lists.get(self.focus)
    }

    pub fn list_mut(&mut self) -> Option<&mut List> {
        self.lists.get_mut(self.focus)
    }

    /// `pods`, `partitions of broker 1`; of one of its own objects, that: `broker 1`.
    pub fn title(&self) -> String {
        match &self.scope {
            None => self.pane.name.to_string(),
            Some(scope) if self.pane.name.strip_suffix('s') == Some(scope.noun()) => {
                format!("{} {}", scope.noun(), scope.name())
            }
            Some(scope) => format!("{} of {} {}", self.pane.name, scope.noun(), scope.name()),
        }
    }
}
