//! `--once` tells what the screen tells, and its exit code how bad it is.

use crate::stage::stage;
use castellan_lab::{Context, Fault};

#[test]
fn a_stopped_api_server_is_unknown_or_worse() {
    let stage = stage();
    let _broken = stage.fault(Fault::StopApi);
    let (text, code) = stage.once(Context::Admin, &["--timeout", "5"]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("refused") && !text.contains("Kubernetes live"), "{text}");
}

#[test]
fn a_hung_broker_is_told() {
    let stage = stage();
    let _broken = stage.fault(Fault::HangBroker { broker: 1 });
    let (text, code) = stage.once(Context::Admin, &["--timeout", "20"]);
    assert!(code != 0, "{text}");
    assert!(text.contains("broker 1") || text.contains("waiting for"), "{text}");
}
