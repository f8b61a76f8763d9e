//! A server that does not answer, or not soon.

use super::*;

#[tokio::test]
async fn a_server_that_hangs_is_said_at_once_and_found_again() {
    let server = Fake::default().listen().await;
    server.fake.put("pods", "kafka", "a", b"");
    let mut console = Console::open(&server, None).await;
    console.until("the list", |k| live(k) && k.server.last().is_some()).await;
    server.fake.set(|w| w.hung = true);
    console.until("that it hangs", |k| failed_with(k, "does not answer within 400ms")).await;
    assert!(!console.kubernetes.server.state(now()).is_live());
    assert_eq!(console.pods(), ["a"], "the old rows stay, marked");
    server.fake.set(|w| {
        w.hung = false;
        w.deafen();
        w.put("pods", "kafka", "b", b"");
    });
    console.until("its return", |k| live(k) && k.pods.len() == 2).await;
}

#[tokio::test]
async fn a_connection_that_died_without_a_word_is_replaced() {
    let server = Fake::default().listen().await;
    server.fake.put("pods", "kafka", "a", b"");
    let mut console = Console::open(&server, None).await;
    console.until("the list", |k| live(k) && k.server.last().is_some()).await;
    console.until("every watch", |_| server.fake.world().opened() >= 10).await;
    server.fake.set(|w| {
        w.deafen();
        w.put("pods", "kafka", "b", b"");
    });
    console.until("b", |k| k.pods.len() == 2).await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_no_error_at_start() {
    let server = Fake::default().listen().await;
    let address = server.address;
    let mut console = Console::open(&server, None).await;
    drop(server);
    let words = format!("the API server {address} cannot be reached: connection refused");
    let said = |s: State| matches!(s, State::Failed { reason, .. } if *reason == *words);
    console.until("that it is not there", |k| said(pod_state(k)) && said(k.server.state(now()))).await;
}

#[tokio::test]
async fn a_server_that_answers_later_than_it_is_waited_for_is_slow_and_not_down() {
    let server = Fake::default().listen().await;
    let mut console = Console::open(&server, None).await;
    console.until("the list", live).await;
    let slow = TEMPO.deadline * 5 / 4;
    server.fake.set(|w| w.delay = slow);
    console.until("how slow it is", |k| k.took >= slow && k.server.state(now()).is_live()).await;
    // From now on it is waited for.
    let end = tokio::time::Instant::now() + slow * 4;
    while let Ok(Some(delta)) = tokio::time::timeout_at(end, console.news.recv()).await {
        if let Delta::Kubernetes(delta) = delta {
            console.kubernetes.apply(delta);
        }
        assert!(console.kubernetes.server.feed.failure().is_none());
    }
}
