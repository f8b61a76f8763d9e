//! Between looking and confirming the world goes on.

use super::{outside::WEB, stage};
use crate::stage::WIDE;
use castellan_lab::{Context, Fault};

#[test]
fn a_pod_that_was_replaced_meanwhile_is_another_pod() {
    let stage = stage();
    let before = stage.uid("kafka-2");
    let mut screen = stage.open(Context::Admin, WIDE);
    screen.select("pods", "kafka-2", "kafka kafka-2");
    screen.plans("\x04");
    stage.kubectl("-n kafka delete pod kafka-2 --wait=false");
    screen.sees("this changed since you looked: read it again");
    screen.sees("it cannot be done now: pod kafka/kafka-2 ");
    screen.sees("it cannot be done now: pod kafka/kafka-2 was replaced since you looked");
    let replaced = stage.uid("kafka-2");
    assert_ne!(replaced, before);
    screen.press("y");
    screen.is_alive();
    screen.press("\x1b");
    screen.sees("cancelled: nothing was done");
    stage.kubectl("-n kafka wait --for=condition=Ready pod kafka-2 --timeout=120s");
    assert_eq!(stage.uid("kafka-2"), replaced);
}

#[test]
fn somebody_else_scales_between_look_and_confirmation() {
    let stage = stage();
    let mut screen = stage.open(Context::Admin, WIDE);
    screen.select("deployments", "web", "shop web");
    screen.plans(":scale 4\r");
    screen.sees("from 3 to 4 replicas");
    stage.kubectl("-n shop scale deployment web --replicas 2");
    screen.sees("this changed since you looked: read it again");
    screen.sees("from 2 to 4 replicas");
    assert_eq!(stage.replicas_asked_for(WEB), "2");
    // The first key tells that the change was seen, and no more.
    screen.reads();
    screen.press("y");
    screen.sees("that it changed is acknowledged");
    assert_eq!(stage.replicas_asked_for(WEB), "2");
    screen.agrees("y");
    screen.is_done("scale Deployment shop/web from 2 to 4");
    assert_eq!(stage.replicas_asked_for(WEB), "4");

    // Before any news of it arrives: the write is pinned to what was shown, and the API server refuses it.
    screen.plans(":scale 3\r");
    screen.sees("from 4 to 3 replicas");
    screen.reads();
    let before = stage.asked();
    let slow = stage.fault(Fault::SlowApi { delay: 1500 });
    // From inside it is not slow.
    assert_eq!(
        stage.inside("kubectl", "-n shop scale deployment web --replicas 5 -o name"),
        "deployment.apps/web\n"
    );
    screen.press("y");
    let said = screen.ends("failed", "scale Deployment shop/web from 4 to 3");
    assert!(said.contains("it changed since you looked"), "{said}");
    slow.mend();
    let refused =
        |request: &String| request.contains(" patch deployments/scale ") && request.ends_with(" 409");
    assert!(stage.asked()[before.len()..].iter().any(refused), "{:#?}", &stage.asked()[before.len()..]);
    assert_eq!(stage.replicas_asked_for(WEB), "5");
    stage.kubectl("-n shop scale deployment web --replicas 3");
}
