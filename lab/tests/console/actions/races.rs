//! Between looking and confirming the world goes on.

use super::stage;
use crate::stage::WIDE;
use castellan_lab::Context;

#[test]
fn a_pod_that_was_replaced_meanwhile_is_another_pod() {
    let stage = stage();
    let before = stage.uid("kafka-2");
    let mut screen = stage.open(Context::Admin, WIDE);
    screen.select("pods", "kafka-2", "kafka kafka-2");
    screen.plans("\x04");
    stage.kubectl("-n kafka delete pod kafka-2 --wait=false");
    screen.sees("this changed since you looked: read it again");
    screen.sees("it cannot be done any more: pod kafka/kafka-2 ");
    screen.sees("it cannot be done any more: pod kafka/kafka-2 was replaced since you looked");
    let replaced = stage.uid("kafka-2");
    assert_ne!(replaced, before);
    screen.press("y");
    screen.is_alive();
    screen.press("\x1b");
    screen.sees("cancelled: nothing was done");
    stage.kubectl("-n kafka wait --for=condition=Ready pod kafka-2 --timeout=120s");
    assert_eq!(stage.uid("kafka-2"), replaced);
}
