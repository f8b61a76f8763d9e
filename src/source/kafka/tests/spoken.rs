//! One connection with strange peers, and the proxy.

use super::super::{connection::Connection, poll::brokers_only, *};
use super::fake::Fake;
use crate::domain::target::KafkaTarget;
use kafka_protocol::{
    messages::{
        ApiKey, ApiVersionsRequest, ApiVersionsResponse, MetadataRequest, api_versions_response::ApiVersion,
    },
    protocol::{Encodable, Request},
};
use std::{collections::BTreeMap, time::Duration};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What opening a connection says to a peer that answers the first request with these bytes.
async fn answered_with(bytes: &'static [u8]) -> String {
    let (ours, mut theirs) = tokio::io::duplex(1 << 16);
    let peer = async {
        let length = theirs.read_i32().await.unwrap();
        theirs.read_exact(&mut vec![0; length as usize]).await.unwrap();
        theirs.write_all(bytes).await.unwrap();
        drop(theirs);
    };
    let (opened, ()) = tokio::join!(Connection::open(ours, None), peer);
    opened.unwrap_err().to_string()
}

#[tokio::test]
async fn strange_peers_are_named() {
    let cases: [(&[u8], &str); 8] = [
        (b"HTTP/1.1 400 Bad Request\r\n", "it is an HTTP server"),
        (&[0x15, 3, 3, 0, 2, 2, 10], "it speaks TLS"),
        (&[0x7f, 0xff, 0xff, 0xff], "a frame of 2147483647 bytes"),
        (&[0xff, 0xff, 0xff, 0xff], "a frame of -1 bytes"),
        (&[0, 0, 0, 0], "a frame of 0 bytes"),
        (&[0, 0, 0, 9, 0, 0], "closed the connection"),
        (&[0, 0, 0, 4, 0, 0, 0, 77], "an answer to another request"),
        (&[0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0xff], "ApiVersions does not decode"),
    ];
    for (bytes, words) in cases {
        let told = answered_with(bytes).await;
        assert!(told.contains(words), "{bytes:?}: {told}");
    }
}

/// A slow link delivers a long answer in pieces; silence counts from the last piece.
#[tokio::test]
async fn a_slow_answer_is_not_silence() {
    let (ours, mut theirs) = tokio::io::duplex(1 << 16);
    let patience = Duration::from_millis(400);
    let client = async {
        let connection = Connection::open(ours, None).await.unwrap();
        let slow = connection.send(patience, |_| MetadataRequest::default()).await;
        let silent = connection.send(patience, |_| MetadataRequest::default()).await;
        (slow.map(|answer| answer.took), silent.map(|_| ()))
    };
    let peer = async {
        let take = async |theirs: &mut tokio::io::DuplexStream| {
            let length = theirs.read_i32().await.unwrap();
            theirs.read_exact(&mut vec![0; length as usize]).await.unwrap();
        };
        take(&mut theirs).await;
        // Error 0, one key: Metadata, version 0 alone.
        let versions = [0, 0, 0, 19, 0, 0, 0, 0, 0, 0, 2, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        theirs.write_all(&versions).await.unwrap();
        take(&mut theirs).await;
        // No brokers, no topics.
        for piece in [[0, 0, 0, 12], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]] {
            tokio::time::sleep(patience * 3 / 8).await;
            theirs.write_all(&piece).await.unwrap();
        }
        take(&mut theirs).await;
        theirs
    };
    let ((slow, silent), _theirs) = tokio::join!(client, peer);
    assert!(slow.unwrap() > patience);
    assert_eq!(silent, Err(Error::Silent(patience)));
}

#[tokio::test]
async fn many_requests_are_in_flight_on_one_connection() {
    let fake = Fake::start(1, BTreeMap::from([("orders".to_owned(), 1)]), Vec::new()).await;
    let (_, port) = fake.bootstrap()[0].clone();
    let stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let connection = Connection::open(stream, None).await.unwrap();
    let asked = (0..100).map(|i| {
        let connection = connection.clone();
        async move {
            let all = connection.send(PATIENCE, |_| {
                MetadataRequest::default().with_topics(if i % 2 == 0 { None } else { Some(Vec::new()) })
            });
            all.await.map(|answer| answer.value.topics.len())
        }
    });
    for (i, topics) in futures::future::join_all(asked).await.into_iter().enumerate() {
        assert_eq!(topics.unwrap(), (i + 1) % 2, "each got its own answer");
    }
}

#[tokio::test]
async fn the_proxy_puts_itself_in_the_brokers_place() {
    let fake = Fake::start(3, BTreeMap::from([("orders".to_owned(), 3)]), Vec::new()).await;
    let target = KafkaTarget { bootstrap: fake.bootstrap(), ..KafkaTarget::default() };
    let proxy = proxy::start(Client::new(target, None)).await.unwrap();
    let ports: Vec<u16> =
        proxy.bootstrap.split(',').map(|a| a.rsplit(':').next().unwrap().parse().unwrap()).collect();
    let stream = tokio::net::TcpStream::connect(("127.0.0.1", ports[2])).await.unwrap();
    let through = Connection::open(stream, None).await.unwrap();
    let metadata = through.send(PATIENCE, brokers_only).await.unwrap().value;
    let told: Vec<_> = metadata.brokers.iter().map(|b| (b.host.as_str(), b.port as u16)).collect();
    assert_eq!(told, ports.iter().map(|p| ("127.0.0.1", *p)).collect::<Vec<_>>());
    assert!(ports.iter().all(|p| !fake.world.lock().unwrap().ports.contains(p)));
    drop(proxy);
    assert!(tokio::net::TcpStream::connect(("127.0.0.1", ports[0])).await.is_err(), "gone with its owner");
}

#[test]
fn versions_whose_answers_name_brokers_unseen_are_not_offered() {
    let offer = |key: ApiKey| ApiVersion::default().with_api_key(key as i16).with_max_version(99);
    let keys = [ApiKey::Fetch, ApiKey::Produce, ApiKey::Metadata, ApiKey::JoinGroup].map(offer).to_vec();
    let mut bytes = bytes::BytesMut::new();
    ApiVersionsResponse::default().with_api_keys(keys).encode(&mut bytes, 3).unwrap();
    let rewritten = rewrite::Rewritten::of(ApiVersionsRequest::KEY).unwrap();
    let answer = rewritten.nodes(3, bytes.freeze()).unwrap().rewrite(&BTreeMap::new()).unwrap();
    let capped: ApiVersionsResponse = guard::decode(answer, 3, true).unwrap();
    let last: Vec<_> = capped.api_keys.iter().map(|k| k.max_version).collect();
    assert_eq!(last, [15, 9, 13, 99]);
}
