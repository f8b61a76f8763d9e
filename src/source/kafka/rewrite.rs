//! The answers that name brokers, and their rewriting to other addresses.

use super::{Error, Node, guard};
use crate::domain::kafka::BrokerId;
use bytes::{Bytes, BytesMut};
use kafka_protocol::{
    messages::{
        ApiKey, ApiVersionsResponse, DescribeClusterResponse, FindCoordinatorResponse, MetadataResponse,
    },
    protocol::{Decodable, Encodable, HeaderVersion, Message, StrBytes},
};
use std::collections::BTreeMap;

/// Requests whose answers are rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rewritten {
    ApiVersions,
    Metadata,
    FindCoordinator,
    DescribeCluster,
}

/// From these versions on, answers to Produce and Fetch name brokers too (KIP-951), beside data that must
/// pass untouched: the client is told that the broker does not know them.
const LAST_WITHOUT_NODES: [(ApiKey, i16); 2] = [(ApiKey::Produce, 9), (ApiKey::Fetch, 15)];

/// An answer, decoded.
pub struct Answer {
    header: Bytes,
    version: i16,
    body: Body,
}

enum Body {
    ApiVersions(ApiVersionsResponse),
    Metadata(MetadataResponse),
    FindCoordinator(FindCoordinatorResponse),
    DescribeCluster(DescribeClusterResponse),
}

pub fn node(id: i32, host: &str, port: i32) -> Node {
    Node { id: BrokerId(id), host: host.into(), port: u16::try_from(port).unwrap_or(0) }
}

impl Rewritten {
    pub fn of(key: i16) -> Option<Rewritten> {
        match ApiKey::try_from(key) {
            Ok(ApiKey::ApiVersions) => Some(Rewritten::ApiVersions),
            Ok(ApiKey::Metadata) => Some(Rewritten::Metadata),
            Ok(ApiKey::FindCoordinator) => Some(Rewritten::FindCoordinator),
            Ok(ApiKey::DescribeCluster) => Some(Rewritten::DescribeCluster),
            _ => None,
        }
    }

    /// Decodes what follows the correlation id of an answer.
    pub fn nodes(self, version: i16, bytes: Bytes) -> Result<Answer, Error> {
        let (header, body, version) = match self {
            Rewritten::ApiVersions => {
                // A broker that does not know the version answers in version 0, with error 35.
                let version = if bytes.starts_with(&35i16.to_be_bytes()) { 0 } else { version };
                let body = decode(bytes, version, version >= 3)?;
                (Bytes::new(), Body::ApiVersions(body), version)
            }
            Rewritten::Metadata => split(bytes, version, Body::Metadata)?,
            Rewritten::FindCoordinator => split(bytes, version, Body::FindCoordinator)?,
            Rewritten::DescribeCluster => split(bytes, version, Body::DescribeCluster)?,
        };
        Ok(Answer { header, version, body })
    }
}

/// The rest of the header (tags, in the flexible versions) and the body.
fn split<T: Decodable + HeaderVersion>(
    bytes: Bytes,
    version: i16,
    body: impl FnOnce(T) -> Body,
) -> Result<(Bytes, Body, i16), Error> {
    // A header without tags is one zero byte; no broker sends others, and none would be understood.
    let flexible = T::header_version(version) > 0;
    let size = usize::from(flexible).min(bytes.len());
    let header = bytes.slice(..size);
    if header.iter().any(|tags| *tags != 0) {
        return Err(Error::Garbled("an answer's header carries tags".into()));
    }
    Ok((header, body(decode(bytes.slice(size..), version, flexible)?), version))
}

fn decode<T: Decodable>(bytes: Bytes, version: i16, flexible: bool) -> Result<T, Error> {
    guard::decode(bytes, version, flexible).map_err(|e| Error::Garbled(e.into()))
}

impl Answer {
    /// The brokers that it names.
    pub fn named(&self) -> Vec<Node> {
        let all: Vec<Node> = match &self.body {
            Body::ApiVersions(_) => Vec::new(),
            Body::Metadata(m) => m.brokers.iter().map(|b| node(b.node_id.0, &b.host, b.port)).collect(),
            Body::DescribeCluster(d) => {
                d.brokers.iter().map(|b| node(b.broker_id.0, &b.host, b.port)).collect()
            }
            Body::FindCoordinator(f) => {
                let old = node(f.node_id.0, &f.host, f.port);
                f.coordinators.iter().map(|c| node(c.node_id.0, &c.host, c.port)).chain([old]).collect()
            }
        };
        // "No coordinator yet" is the broker −1 at no address.
        all.into_iter().filter(|n| n.id.0 >= 0 && !n.host.is_empty()).collect()
    }

    /// What follows the correlation id, with each broker at its port on loopback.
    pub fn rewrite(mut self, ports: &BTreeMap<BrokerId, u16>) -> Result<Bytes, Error> {
        let place = |id: i32, host: &mut StrBytes, port: &mut i32| {
            if let Some(local) = ports.get(&BrokerId(id)) {
                *host = StrBytes::from_static_str("127.0.0.1");
                *port = i32::from(*local);
            }
        };
        match &mut self.body {
            Body::ApiVersions(versions) => cap(versions),
            Body::Metadata(m) => {
                m.brokers.iter_mut().for_each(|b| place(b.node_id.0, &mut b.host, &mut b.port));
            }
            Body::DescribeCluster(d) => {
                d.brokers.iter_mut().for_each(|b| place(b.broker_id.0, &mut b.host, &mut b.port));
            }
            Body::FindCoordinator(f) => {
                place(f.node_id.0, &mut f.host, &mut f.port);
                f.coordinators.iter_mut().for_each(|c| place(c.node_id.0, &mut c.host, &mut c.port));
            }
        }
        let mut bytes = BytesMut::from(&self.header[..]);
        match &self.body {
            Body::ApiVersions(body) => body.encode(&mut bytes, self.version),
            Body::Metadata(body) => body.encode(&mut bytes, self.version),
            Body::DescribeCluster(body) => body.encode(&mut bytes, self.version),
            Body::FindCoordinator(body) => body.encode(&mut bytes, self.version),
        }
        .map_err(|e| Error::Garbled(e.to_string().into()))?;
        Ok(bytes.freeze())
    }
}

/// Leaves only versions whose answers can be rewritten, or need not be.
fn cap(versions: &mut ApiVersionsResponse) {
    let ours = [
        (ApiKey::ApiVersions, ApiVersionsResponse::VERSIONS.max),
        (ApiKey::Metadata, MetadataResponse::VERSIONS.max),
        (ApiKey::FindCoordinator, FindCoordinatorResponse::VERSIONS.max),
        (ApiKey::DescribeCluster, DescribeClusterResponse::VERSIONS.max),
    ];
    for (key, last) in ours.into_iter().chain(LAST_WITHOUT_NODES) {
        for api in versions.api_keys.iter_mut().filter(|api| api.api_key == key as i16) {
            api.max_version = api.max_version.min(last);
        }
    }
}
