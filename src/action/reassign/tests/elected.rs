//! Leadership goes back to preferred leaders.

use super::*;
use crate::action::goal;

#[test]
fn preferred_leaders_are_elected_where_they_are_in_sync() {
    let world = changed(|s| {
        change(s, "orders", |topic| {
            topic.partitions[0].leader = Some(BrokerId(1));
            topic.partitions[1].leader = Some(BrokerId(2));
            topic.partitions[1].isr = set(&[2, 0]);
        });
    });
    let plan = made(&world, "elect", topic("orders"), "");
    assert_eq!(plan.changes, ["orders-0  leader 1 -> 0"]);
    assert!(says(notes(&plan), "broker 1 is not in sync and cannot lead orders-1"));
    assert_eq!(made(&world, "elect", broker(0), "").changes, plan.changes);
    assert_eq!(refused(&world, "elect", broker(1), ""), "broker 1 is not in sync and cannot lead orders-1");
    let why = refused(&world, "elect", topic("clicks"), "");
    assert_eq!(why, "every partition of clicks is led by its preferred leader already");
    let elect = crate::action::find("elect").expect("a verb");
    let why = "every partition that broker 2 is the preferred leader of is led by it already";
    assert_eq!((elect.takes)(&known(&world), Some(&broker(2))), Err(why.into()));
    assert_eq!(refused(&world, "elect", broker(2), ""), why);
    let goal = &plan.steps[0].until;
    let Sight::Awaited { words, .. } = goal::look(goal, &known(&world)) else { panic!("not awaited") };
    assert_eq!(words, "0 of 1 partition led by the preferred leader");
    assert_eq!(goal::look(goal, &known(&healthy())), Sight::Reached);
}
