//! What is no request.

use super::super::{frame, serve};
use crate::demo::wire::{
    answer,
    broker::{Advertised, Broker},
};
use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::ApiKey;
use proptest::prelude::*;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn broker() -> Broker {
    Broker { shared: super::shared(), cluster: 0, id: 0, advertised: Advertised::Pods }
}

/// A frame as clients make them, with any body.
fn request(key: i16, version: i16, body: &[u8]) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_i16(key);
    frame.put_i16(version);
    frame.put_i32(1);
    frame.put_i16(-1);
    let flexible = ApiKey::try_from(key).is_ok_and(|key| key.request_header_version(version) >= 2);
    if flexible {
        frame.put_u8(0);
    }
    frame.put_slice(body);
    frame.freeze()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// A request that waits is left waiting.
async fn attend(broker: &Broker, asked: frame::Asked) {
    let _ = tokio::time::timeout(Duration::from_millis(5), answer::answer(broker, asked, "127.0.0.1")).await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_a_broker_panic(
        bodies in proptest::collection::vec(
            (0i16..94, 0i16..14, proptest::collection::vec(prop_oneof![any::<u8>(), 0u8..3], 0..120)), 100,
        ),
        frames in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 20),
    ) {
        let broker = broker();
        runtime().block_on(async {
            for (key, version, body) in bodies {
                if let Some(asked) = frame::open(request(key, version, &body)) {
                    attend(&broker, asked).await;
                }
            }
            for frame in frames {
                if let Some(asked) = frame::open(Bytes::from(frame)) {
                    attend(&broker, asked).await;
                }
            }
        });
    }
}

#[tokio::test]
async fn what_is_no_request_closes_the_connection() {
    let metadata = |version| {
        let request = request(3, version, b"\xff\xff\xff\xff\x0f");
        [&(request.len() as i32).to_be_bytes(), &request[..]].concat()
    };
    let cases: [(&str, Vec<u8>); 5] = [
        ("HTTP", b"GET / HTTP/1.1\r\nHost: kafka\r\n\r\n".to_vec()),
        ("a frame longer than any", i32::MAX.to_be_bytes().to_vec()),
        ("a negative length", (-1i32).to_be_bytes().to_vec()),
        ("a version that nobody knows", metadata(99)),
        ("a body that is none", metadata(13)),
    ];
    for (what, bytes) in cases {
        let (mut client, server) = tokio::io::duplex(1 << 10);
        let served = tokio::spawn(serve(super::shared(), 0, 0, server));
        client.write_all(&bytes).await.unwrap();
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(60), client.read_to_end(&mut answer)).await;
        assert!(read.is_ok() && answer.is_empty(), "{what}: {answer:?}");
        served.await.unwrap();
    }
}
