//! The API server goes away between confirmation and answer.

use super::stage;
use crate::stage::{ALL_LIVE, WIDE};
use castellan_lab::{Context, Fault};

#[test]
fn an_api_server_that_goes_away_is_told() {
    let stage = stage();
    let mut screen = stage.open(Context::Admin, WIDE);
    screen.select("deployments", "web", "shop web");
    // Away before it is asked: nothing can have been done.
    screen.plans(":scale 4\r");
    let stopped = stage.fault(Fault::StopApi);
    // What was read is not known any more, and so a key is not enough.
    screen.sees("this changed since you looked: read it again");
    screen.sees("To do it type web and enter");
    screen.agrees("web\r");
    let said = screen.ends("failed", "scale Deployment shop/web from 3 to 4");
    assert!(said.contains("cannot be reached") && said.contains("nothing was done"), "{said}");
    stopped.mend();
    assert_eq!(stage.field("-n shop get deployment web", ".spec.replicas"), "3");

    // It takes connections and answers none.
    screen.sees(ALL_LIVE);
    screen.select("deployments", "web", "shop web");
    screen.plans(":scale 4\r");
    screen.waits("the one before is not told any more", |text| !text.contains("failed"));
    screen.reads();
    let hung = stage.fault(Fault::HangApi);
    // Before it is noticed that nothing is heard any more.
    screen.press("y");
    let said = screen.ends("failed", "scale Deployment shop/web from 3 to 4");
    assert!(said.contains("nothing was done"), "{said}");
    screen.is_alive();
    hung.mend();
    screen.sees(ALL_LIVE);
    assert_eq!(stage.field("-n shop get deployment web", ".spec.replicas"), "3");
}
