//! A context that is marked as production asks for more.

use super::{hands::PLAN, outside::WEB, stage};
use crate::stage::WIDE;
use castellan_lab::Context;

#[test]
fn production_is_named_and_elevated_and_takes_more_than_a_key() {
    let stage = stage();
    let context = Context::Admin.name(stage.lab.home().name());
    let replicas = || stage.replicas_asked_for(WEB);
    let text = format!("[contexts.{context}]\nproduction = true\nelevation = \"10m\"\n");
    let file = stage.file("production.toml", &text);
    let config = file.to_string_lossy();
    let mut screen = stage.start(Context::Admin, &["--kafka", "kafka/kafka", "--config", &config], WIDE);
    screen.sees(" PRODUCTION ");
    screen.select("deployments", "web", "shop web");
    screen.is_refused(":scale 2\r", "this is production: :elevate first");
    screen.is_refused(
        ":elevate production\r",
        &format!("not elevated: this is not the context's name; type {context}"),
    );
    screen.is_refused(&format!(":elevate {context}\r"), "elevated for ");

    screen.plans(":scale 2\r");
    screen.sees("To do it type web and enter");
    assert!(!screen.text().contains("Do it?"), "{}", screen.text());
    // Enter with nothing typed is the default: to cancel.
    screen.reads();
    screen.press("\r");
    screen.sees("cancelled: nothing was done");
    screen.plans(":scale 2\r");
    screen.agrees("web\r");
    screen.is_done("scale Deployment shop/web from 3 to 2");
    assert_eq!(replicas(), "2");
    screen.plans(":scale 3\r");
    screen.agrees("web\r");
    screen.is_done("scale Deployment shop/web from 2 to 3");
    assert_eq!(replicas(), "3");
    assert!(!screen.text().contains(PLAN));
}
