//! Where everything is on the screen. The view draws by it and the mouse is understood by it.

use super::{Model, confirm::Confirm, list::List, text};
use crate::pane::{
    Block, Cell, Doubt, Figure, Table, World,
    table::{Heading, Width},
};
use ratatui::layout::Rect;

/// A screen at least this high shows the spare blocks of a pane.
const SPARE_HEIGHT: u16 = 30;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Areas {
    pub header: Rect,
    pub body: Rect,
    /// One for each block of the pane; empty where there is no room.
    pub blocks: Vec<Rect>,
    /// What is under way; empty when nothing is.
    pub running: Rect,
    /// What the tour says; empty when there is none.
    pub caption: Rect,
    pub footer: Rect,
}

pub fn areas(model: &Model) -> Areas {
    let (width, height) = model.size;
    let footer = u16::from(height > 1);
    let header = header_height(model);
    let running = running_height(model);
    let caption = model.caption.as_ref().map_or(0, |c| c.height(model.size));
    let body = Rect::new(0, header, width, height - header - running - caption - footer);
    Areas {
        running: Rect::new(0, body.bottom(), width, running),
        caption: Rect::new(0, body.bottom() + running, width, caption),
        header: Rect::new(0, 0, width, header),
        body,
        blocks: blocks(model, body),
        footer: Rect::new(0, height - footer, width, footer),
    }
}

fn header_height(model: &Model) -> u16 {
    match model.size.1 {
        _ if !model.header => 0,
        0..10 => 0,
        10..16 => 1,
        16..30 => 2,
        _ => 3,
    }
}

/// A line for one operation, a second for another or for how many more there are; small screens keep
/// their lines.
fn running_height(model: &Model) -> u16 {
    let count = super::operations::shown(model).len().min(2) as u16;
    match model.size.1 {
        0..10 => 0,
        10..16 => count.min(1),
        _ => count,
    }
}

/// The least height of a table that is worth drawing: title, headings, one row.
const LEAST: u16 = 3;

fn blocks(model: &Model, body: Rect) -> Vec<Rect> {
    let screen = model.screen();
    let mut heights = vec![0; screen.pane.blocks.len()];
    let mut free = body.height;
    for (height, block) in heights.iter_mut().zip(screen.pane.blocks) {
        if matches!(block, Block::Verdict) && free > 0 {
            *height = 1;
            free -= 1;
        }
    }
    let mut wants = wishes(model);
    while wants.iter().map(|w| w.least).sum::<u16>() > free && wants.len() > 1 {
        // The block with the cursor is the last to go.
        let last = wants.iter().rposition(|w| !w.focused).unwrap_or(0);
        wants.remove(last);
    }
    share(&mut wants, free);
    for want in wants {
        heights[want.block] = want.given;
    }
    let mut y = body.y;
    heights
        .into_iter()
        .map(|height| {
            let area = Rect::new(body.x, y, body.width, height);
            y += height;
            area
        })
        .collect()
}

/// How much height a block asks for.
struct Wish {
    block: usize,
    least: u16,
    /// More than this it could not fill.
    most: u16,
    weight: u16,
    focused: bool,
    given: u16,
}

fn wishes(model: &Model) -> Vec<Wish> {
    let screen = model.screen();
    let mut lists = screen.lists.iter().enumerate();
    let mut wants = Vec::new();
    for (i, block) in screen.pane.blocks.iter().enumerate() {
        let (least, most, weight, focused) = match block {
            Block::Verdict => continue,
            Block::Charts(_) => (LEAST, u16::MAX, 1, false),
            Block::Table { weight, spare, .. } => {
                let Some((at, list)) = lists.next() else { continue };
                if *spare && model.size.1 < SPARE_HEIGHT {
                    continue;
                }
                let rows = u16::try_from(list.rows.len().max(1)).unwrap_or(u16::MAX);
                (LEAST, rows.saturating_add(3), *weight, at == screen.focus)
            }
        };
        wants.push(Wish { block: i, least, most, weight: weight.max(1), focused, given: 0 });
    }
    wants
}

/// Gives each its least, then the rest by weight up to what it can fill; what is over goes to the last.
fn share(wants: &mut [Wish], free: u16) {
    let mut left = free;
    for want in wants.iter_mut() {
        want.given = want.least.min(left);
        left -= want.given;
    }
    while left > 0 {
        // The one that is furthest below its share.
        let hungry = wants.iter_mut().filter(|w| w.given < w.most);
        let Some(want) = hungry.min_by_key(|w| u32::from(w.given) * 1000 / u32::from(w.weight)) else {
            break;
        };
        want.given += 1;
        left -= 1;
    }
    if let Some(last) = wants.last_mut() {
        last.given += left;
    }
}

/// A table's lines within its block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableArea {
    pub title: Rect,
    /// The state of the whole in words; empty when all is well.
    pub state: Rect,
    pub headings: Rect,
    pub rows: Rect,
}

pub fn table(area: Rect, said: bool) -> TableArea {
    let line = |y: u16, there: bool| Rect::new(area.x, y.min(area.bottom()), area.width, u16::from(there));
    let title = line(area.y, area.height > 0);
    let state = line(title.bottom(), said && area.height > 3);
    let headings = line(state.bottom(), area.height > 2);
    let rows =
        Rect::new(area.x, headings.bottom(), area.width, area.bottom().saturating_sub(headings.bottom()));
    TableArea { title, state, headings, rows }
}

/// A sheet's lines: a title, what it does in words, and its content.
pub struct SheetArea {
    pub title: Rect,
    pub words: Rect,
    pub content: Rect,
}

pub fn sheet(body: Rect, words: bool) -> SheetArea {
    let words = u16::from(words && body.height > 3);
    let title = body.height.min(1);
    SheetArea {
        title: Rect { height: title, ..body },
        words: Rect { y: body.y + title, height: words, ..body },
        content: Rect { y: body.y + title + words, height: body.height - title - words, ..body },
    }
}

/// Of what was heard of the journal and of the dry run.
const SAID_LINES: u16 = 5;

/// A plan's lines: those of a sheet, and at the bottom what was heard, and what is asked.
pub struct ConfirmArea {
    pub sheet: SheetArea,
    pub said: Rect,
    pub asked: Rect,
}

pub fn confirm(body: Rect, plan: &Confirm) -> ConfirmArea {
    // What is asked is the last to go.
    let asked = body.height.min(1);
    let room = (body.height / 4).min(SAID_LINES);
    let said = (plan.said_lines(body.width).len() as u16).max(u16::from(body.height > 4)).min(room);
    let above = Rect { height: body.height - asked - said, ..body };
    let line = |y: u16, height: u16| Rect { y, height, ..body };
    ConfirmArea {
        sheet: sheet(above, true),
        said: line(above.bottom(), said),
        asked: line(above.bottom() + said, asked),
    }
}

/// A column as it is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Index among the table's columns.
    pub column: usize,
    pub x: u16,
    pub width: u16,
}

/// The mark and the selection bar before the first column.
pub const GUTTER: u16 = 2;
const GAP: u16 = 1;

/// What of a table is in sight.
pub struct Sight {
    pub headings: Vec<Heading>,
    pub placed: Vec<Placed>,
    /// All cells of the rows in the window; None: gone since the rows were arranged.
    pub rows: Vec<Option<Vec<Cell>>>,
}

/// The rows of the window, and columns that fit `rows`: where there is not room for all of them, none is wider
/// than what it shows.
pub fn sight(table: &dyn Table, world: &World<'_>, list: &List, rows: Rect) -> Sight {
    let headings = table.headings();
    let all: Vec<usize> = (0..headings.len()).collect();
    let window = list.rows.from(list.top).take(rows.height.into());
    let cells: Vec<_> = window.map(|object| table.cells(world, object, &all)).collect();
    let mut claims: Vec<Claim> = headings.iter().map(|heading| Claim::new(heading, 0)).collect();
    if !list.wide {
        let shown = |column: usize| {
            let title = text::width(headings[column].title);
            let arrow = usize::from(list.query.sort.is_some_and(|sort| sort.column == column));
            let widest = cells.iter().flatten().map(|row| taken(&row[column])).max().unwrap_or_default();
            u16::try_from((title + arrow).max(widest)).unwrap_or(u16::MAX)
        };
        for (column, heading) in headings.iter().enumerate().filter(|(_, h)| h.width.is_flexible()) {
            claims[column] = Claim::new(heading, shown(column));
        }
        if sum(&claims, &all, |claim| claim.wants) > rows.width.saturating_sub(GUTTER) {
            for (column, claim) in claims.iter_mut().enumerate() {
                claim.least = claim.least.min(shown(column));
                claim.wants = claim.wants.min(shown(column));
            }
        }
    }
    let placed = columns(&claims, rows.width, list.wide, list.skipped);
    Sight { headings, placed, rows: cells }
}

/// Columns that a cell's text takes, with the sign of its doubt; a drawing takes what it is given.
fn taken(cell: &Cell) -> usize {
    match cell.figure {
        Figure::None => text::width(&text::clean(&cell.text)) + usize::from(cell.doubt != Doubt::None),
        _ => usize::MAX,
    }
}

/// What a column would have of the width.
#[derive(Debug, Clone, Copy)]
struct Claim {
    rank: u8,
    flexible: bool,
    least: u16,
    /// Of a flexible column: what it shows, but not more than twice its least.
    wants: u16,
}

impl Claim {
    fn new(heading: &Heading, shown: u16) -> Claim {
        let (flexible, least) = match heading.width {
            Width::Fixed(width) => (false, width),
            Width::Flex(width) => (true, width),
        };
        let wants = if flexible { shown.clamp(least, least * 2) } else { least };
        Claim { rank: heading.rank, flexible, least, wants }
    }
}

/// Columns of this rank and above are not worth cutting what a flexible one shows.
const BESIDES: u8 = 2;

/// Which columns are shown in `width`, and where. Columns of the highest rank go first where there is not
/// room for all; `wide` keeps all and leaves out the first `skipped` but the one of rank 0.
fn columns(claims: &[Claim], width: u16, wide: bool, skipped: usize) -> Vec<Placed> {
    let free = width.saturating_sub(GUTTER);
    let mut kept: Vec<usize> = (0..claims.len()).collect();
    if wide {
        let mut left = skipped;
        kept.retain(|i| {
            let stays = claims[*i].rank == 0 || left == 0;
            left -= usize::from(!stays);
            stays
        });
    }
    while !wide && kept.len() > 1 {
        // Of the same rank the rightmost goes; rank 0 goes last.
        let Some(at) = (0..kept.len()).max_by_key(|at| (claims[kept[*at]].rank, *at)) else { break };
        let besides = claims[kept[at]].rank >= BESIDES;
        if sum(claims, &kept, |claim| if besides { claim.wants } else { claim.least }) <= free {
            break;
        }
        kept.remove(at);
    }
    place(claims, &kept, free)
}

/// What these columns take, with the gaps between them.
fn sum(claims: &[Claim], kept: &[usize], width: impl Fn(&Claim) -> u16) -> u16 {
    kept.iter().map(|i| width(&claims[*i]) + GAP).sum::<u16>().saturating_sub(GAP)
}

fn place(claims: &[Claim], kept: &[usize], free: u16) -> Vec<Placed> {
    let spare = free.saturating_sub(sum(claims, kept, |claim| claim.least));
    let flexible = kept.iter().filter(|i| claims[**i].flexible).count() as u16;
    let (mut x, mut placed, mut nth) = (GUTTER, Vec::with_capacity(kept.len()), 0);
    for column in kept {
        let mut width = claims[*column].least;
        if claims[*column].flexible {
            width += spare / flexible + u16::from(nth < spare % flexible);
            nth += 1;
        }
        let width = width.min((GUTTER + free).saturating_sub(x));
        if width == 0 {
            break;
        }
        placed.push(Placed { column: *column, x, width });
        x += width + GAP;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(least: u16, rank: u8) -> Claim {
        Claim { rank, flexible: false, least, wants: least }
    }

    fn flexible(least: u16, wants: u16, rank: u8) -> Claim {
        Claim { rank, flexible: true, least, wants }
    }

    /// NAMESPACE, NAME, STATUS, IP.
    fn pods() -> Vec<Claim> {
        vec![fixed(10, 2), flexible(20, 20, 0), fixed(10, 0), fixed(15, 3)]
    }

    fn shown(width: u16) -> Vec<usize> {
        columns(&pods(), width, false, 0).into_iter().map(|p| p.column).collect()
    }

    #[test]
    fn wider_shows_more_columns() {
        assert_eq!(shown(80), [0, 1, 2, 3]);
        assert_eq!(shown(50), [0, 1, 2]);
        assert_eq!(shown(36), [1, 2]);
        assert_eq!(shown(12), [1], "something is always shown");
        assert_eq!(shown(0), [] as [usize; 0]);
    }

    #[test]
    fn a_flexible_column_takes_what_is_left() {
        let placed = columns(&pods(), 100, false, 0);
        let last = placed.last().map(|p| p.x + p.width);
        assert_eq!(last, Some(100));
        assert_eq!(placed[1].width, 20 + 100 - 2 - 58);
    }

    #[test]
    fn what_is_read_first_is_not_cut_for_what_stands_beside_it() {
        // SEVERITY, FINDING, SINCE, EVIDENCE.
        let findings = |wants| vec![fixed(8, 0), flexible(30, wants, 0), fixed(5, 1), fixed(29, 2)];
        let shown = |width, wants| {
            let placed = columns(&findings(wants), width, false, 0);
            placed.into_iter().map(|p| (p.column, p.width)).collect::<Vec<_>>()
        };
        assert_eq!(shown(80, 60), [(0, 8), (1, 63), (2, 5)], "evidence gives way");
        assert_eq!(shown(80, 33), [(0, 8), (1, 33), (2, 5), (3, 29)], "there is room for both");
        assert_eq!(shown(70, 60), [(0, 8), (1, 53), (2, 5)], "since when is as much worth");
    }

    #[test]
    fn wide_keeps_all_and_scrolls() {
        let at =
            |skipped| columns(&pods(), 40, true, skipped).into_iter().map(|p| p.column).collect::<Vec<_>>();
        assert_eq!(at(0), [0, 1, 2]);
        assert_eq!(at(1), [1, 2, 3], "names stay");
    }

    #[test]
    fn a_small_table_leaves_its_height_to_the_others() {
        let wish = |most, weight| Wish { block: 0, least: 3, most, weight, focused: false, given: 0 };
        let mut wants = [wish(5, 3), wish(100, 1)];
        share(&mut wants, 20);
        assert_eq!(wants.map(|w| w.given), [5, 15]);
    }
}
