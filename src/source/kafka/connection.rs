//! One connection to a broker over any stream of bytes: frames, correlation, several requests in flight.

use super::{error::Error, guard, sasl};
use crate::{domain::target::Sasl, source::gate::Stream};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::{
    messages::{ApiKey, ApiVersionsRequest, ApiVersionsResponse, RequestHeader, ResponseHeader},
    protocol::{Encodable, HeaderVersion, Request, StrBytes, VersionRange},
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI32, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf},
    sync::{Notify, mpsc, oneshot},
    time::Instant,
};

/// The name under which brokers log and count castellan's requests.
const CLIENT_ID: &str = "castellan";
/// A longer answer is not read: 200,000 partitions' metadata take a tenth of it.
const MAX_FRAME: usize = 128 << 20;
/// How long a broker may stay silent over a small request.
pub const PATIENCE: Duration = Duration::from_secs(3);
/// Requests waiting to be written; more wait with their senders.
const QUEUE: usize = 32;

/// An answer, and what it cost.
#[derive(Debug)]
pub struct Answer<T> {
    pub value: T,
    /// From when the broker had nothing else of ours to answer.
    pub took: Duration,
    /// The same without the way there and back: what the broker itself took, at most.
    pub work: Duration,
}

impl<T> Answer<T> {
    fn map<U>(self, f: impl FnOnce(T) -> Result<U, Error>) -> Result<Answer<U>, Error> {
        Ok(Answer { value: f(self.value)?, took: self.took, work: self.work })
    }
}

/// A handle on one connection; it closes when the last handle is dropped.
#[derive(Debug, Clone)]
pub struct Connection {
    outgoing: mpsc::Sender<Outgoing>,
    correlation: Arc<AtomicI32>,
    versions: Arc<BTreeMap<i16, VersionRange>>,
}

#[derive(Debug)]
struct Outgoing {
    correlation: i32,
    frame: Bytes,
    patience: Duration,
    reply: oneshot::Sender<Result<Answer<Bytes>, Error>>,
}

impl Connection {
    /// Takes over a stream: learns the broker's versions and authenticates.
    pub async fn open(stream: impl Stream + 'static, sasl: Option<&Sasl>) -> Result<Connection, Error> {
        let (outgoing, queue) = mpsc::channel(QUEUE);
        tokio::spawn(run(stream, queue));
        let mut connection = Connection { outgoing, correlation: Arc::default(), versions: Arc::default() };
        connection.versions = Arc::new(connection.negotiate().await?);
        if let Some(sasl) = sasl {
            sasl::authenticate(&connection, sasl).await?;
        }
        Ok(connection)
    }

    pub fn is_closed(&self) -> bool {
        self.outgoing.is_closed()
    }

    /// Sends a request in the highest version that both sides know; `make` is told which, because a field
    /// that the version lacks must not be set. `patience` is how long the broker may stay silent over it.
    pub async fn send<R: Request>(
        &self,
        patience: Duration,
        make: impl FnOnce(i16) -> R,
    ) -> Result<Answer<R::Response>, Error> {
        let version = self.version::<R>()?;
        let request = make(version);
        let answer = self.exchange(&request, version, patience).await?;
        let flexible = R::Response::header_version(version) > 0;
        answer.map(|body| guard::decode(body, version, flexible).map_err(|e| garbled::<R>(&e)))
    }

    /// The highest version of a request that both sides know.
    pub fn version<R: Request>(&self) -> Result<i16, Error> {
        let theirs = self.versions.get(&R::KEY).ok_or(Error::Unsupported(name(R::KEY)))?;
        let both = theirs.intersect(&R::VERSIONS);
        let highest = both.max.min(written_for(R::KEY));
        if highest >= both.min { Ok(highest) } else { Err(Error::Unsupported(name(R::KEY))) }
    }

    /// Asks for the versions in a way that every broker understands: one that does not know ours answers
    /// in version 0, with error 35.
    ///
    /// Source: Apache Kafka `KafkaApis.handleApiVersionsRequest`, KIP-511.
    async fn negotiate(&self) -> Result<BTreeMap<i16, VersionRange>, Error> {
        let named = ApiVersionsRequest::default()
            .with_client_software_name(StrBytes::from_static_str(CLIENT_ID))
            .with_client_software_version(StrBytes::from_static_str(env!("CARGO_PKG_VERSION")));
        let mut version = 3;
        let mut body = self.exchange(&named, version, PATIENCE).await?.value;
        if body.get(..2) == Some(&35i16.to_be_bytes()) {
            version = 0;
            body = self.exchange(&ApiVersionsRequest::default(), version, PATIENCE).await?.value;
        }
        let answer: ApiVersionsResponse =
            guard::decode(body, version, version >= 3).map_err(|e| garbled::<ApiVersionsRequest>(&e))?;
        super::error::check(answer.error_code, None)?;
        let range = |api: &kafka_protocol::messages::api_versions_response::ApiVersion| VersionRange {
            min: api.min_version,
            max: api.max_version,
        };
        Ok(answer.api_keys.iter().map(|api| (api.api_key, range(api))).collect())
    }

    async fn exchange<R: Request>(
        &self,
        request: &R,
        version: i16,
        patience: Duration,
    ) -> Result<Answer<Bytes>, Error> {
        let correlation = self.correlation.fetch_add(1, Ordering::Relaxed);
        let frame = encode(request, version, correlation)
            .map_err(|e| Error::Configuration(format!("cannot ask {}: {e}", name(R::KEY)).into()))?;
        let (reply, answer) = oneshot::channel();
        let outgoing = Outgoing { correlation, frame, patience, reply };
        self.outgoing.send(outgoing).await.map_err(|_| Error::Closed)?;
        let answer = answer.await.map_err(|_| Error::Closed)??;
        answer.map(|mut frame| {
            skip_header(&mut frame, R::Response::header_version(version)).map_err(|e| garbled::<R>(&e))?;
            Ok(frame)
        })
    }
}

/// Requests are written for these versions; later ones have other meanings (topic ids for names).
fn written_for(key: i16) -> i16 {
    if key == ApiKey::OffsetFetch as i16 { 9 } else { i16::MAX }
}

pub fn name(key: i16) -> &'static str {
    match ApiKey::try_from(key) {
        Ok(ApiKey::DescribeQuorum) => "DescribeQuorum",
        Ok(ApiKey::DescribeLogDirs) => "DescribeLogDirs",
        Ok(ApiKey::ListPartitionReassignments) => "ListPartitionReassignments",
        Ok(ApiKey::ConsumerGroupDescribe) => "ConsumerGroupDescribe",
        Ok(ApiKey::OffsetFetch) => "OffsetFetch",
        Ok(ApiKey::Metadata) => "Metadata",
        Ok(ApiKey::ListOffsets) => "ListOffsets",
        Ok(ApiKey::ListGroups) => "ListGroups",
        Ok(ApiKey::DescribeGroups) => "DescribeGroups",
        Ok(ApiKey::DescribeConfigs) => "DescribeConfigs",
        Ok(ApiKey::SaslHandshake) => "SaslHandshake",
        Ok(ApiKey::SaslAuthenticate) => "SaslAuthenticate",
        Ok(ApiKey::ApiVersions) => "ApiVersions",
        _ => "the request",
    }
}

fn garbled<R: Request>(error: &str) -> Error {
    Error::Garbled(format!("{} does not decode ({error})", name(R::KEY)).into())
}

fn encode<R: Request>(request: &R, version: i16, correlation: i32) -> anyhow::Result<Bytes> {
    let header = RequestHeader::default()
        .with_request_api_key(R::KEY)
        .with_request_api_version(version)
        .with_correlation_id(correlation)
        .with_client_id(Some(StrBytes::from_static_str(CLIENT_ID)));
    let mut frame = BytesMut::new();
    frame.put_i32(0);
    header.encode(&mut frame, R::header_version(version))?;
    request.encode(&mut frame, version)?;
    let length = i32::try_from(frame.len() - 4)?;
    frame[..4].copy_from_slice(&length.to_be_bytes());
    Ok(frame.freeze())
}

fn skip_header(frame: &mut Bytes, version: i16) -> Result<(), String> {
    let copy = frame.clone();
    let header = guard::decode::<ResponseHeader>(copy, version, version > 0)?;
    let mut size = BytesMut::new();
    header.encode(&mut size, version).map_err(|e| e.to_string())?;
    frame.advance(size.len());
    Ok(())
}

/// A request that was sent and not yet answered.
struct Waiting {
    correlation: i32,
    since: Instant,
    patience: Duration,
    reply: oneshot::Sender<Result<Answer<Bytes>, Error>>,
}

/// The requests in flight, in the order in which a broker must answer them.
#[derive(Default)]
struct Flight {
    waiting: Mutex<VecDeque<Waiting>>,
    departed: Notify,
}

impl Flight {
    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Waiting>> {
        self.waiting.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// When the broker counts as hung if it stays silent since `heard`, and how long that is.
    fn deadline(&self, heard: Instant) -> Option<(Instant, Duration)> {
        let waiting = self.lock();
        let first = waiting.front()?;
        Some((first.since.max(heard) + first.patience, first.patience))
    }
}

/// Serves one connection until it breaks or nobody holds it, then tells everyone who waits.
async fn run(stream: impl Stream, mut queue: mpsc::Receiver<Outgoing>) {
    let (reader, writer) = tokio::io::split(stream);
    let flight = Flight::default();
    let error = tokio::select! {
        error = write(writer, &mut queue, &flight) => error,
        error = read(reader, &flight) => error,
    };
    queue.close();
    for waiting in flight.lock().drain(..) {
        let _ = waiting.reply.send(Err(error.clone()));
    }
    while let Ok(outgoing) = queue.try_recv() {
        let _ = outgoing.reply.send(Err(error.clone()));
    }
}

async fn write<S: Stream>(
    mut writer: WriteHalf<S>,
    queue: &mut mpsc::Receiver<Outgoing>,
    flight: &Flight,
) -> Error {
    while let Some(Outgoing { correlation, frame, patience, reply }) = queue.recv().await {
        flight.lock().push_back(Waiting { correlation, since: Instant::now(), patience, reply });
        flight.departed.notify_one();
        if writer.write_all(&frame).await.is_err() || writer.flush().await.is_err() {
            return Error::Closed;
        }
    }
    Error::Closed
}

async fn read<S: Stream>(mut reader: ReadHalf<S>, flight: &Flight) -> Error {
    let mut buffer = BytesMut::new();
    let mut heard = Instant::now();
    // The quickest answer so far: the length of the way there and back.
    let mut way = Duration::MAX;
    loop {
        let idle_since = heard;
        let frame = match next_frame(&mut reader, &mut buffer, flight, &mut heard).await {
            Ok(frame) => frame,
            Err(error) => return error,
        };
        let correlation = frame.slice(..4).get_i32();
        let Some(waiting) = flight.lock().pop_front() else {
            return Error::Garbled("an answer that nobody asked for".into());
        };
        if waiting.correlation != correlation {
            let error = Error::Garbled("an answer to another request".into());
            let _ = waiting.reply.send(Err(error.clone()));
            return error;
        }
        let took = heard.saturating_duration_since(waiting.since.max(idle_since));
        // One that waited behind another came with it, and tells nothing of the way.
        if waiting.since >= idle_since {
            way = way.min(took);
        }
        let work = took.saturating_sub(way);
        let _ = waiting.reply.send(Ok(Answer { value: frame, took, work }));
    }
}

/// The next whole frame without its length. Silence is counted from the last byte that came, so a long
/// answer over a slow link is not a hung broker.
async fn next_frame<S: Stream>(
    reader: &mut ReadHalf<S>,
    buffer: &mut BytesMut,
    flight: &Flight,
    heard: &mut Instant,
) -> Result<Bytes, Error> {
    loop {
        let wanted = match buffer.get(..4) {
            None => 4,
            Some(head) => 4 + length(head)?,
        };
        if wanted > 4 && buffer.len() >= wanted {
            let mut frame = buffer.split_to(wanted);
            frame.advance(4);
            return Ok(frame.freeze());
        }
        // The claimed length is believed only as far as bytes really come.
        buffer.reserve((wanted - buffer.len()).clamp(8 << 10, 1 << 20));
        let deadline = flight.deadline(*heard);
        let at = deadline.map_or_else(Instant::now, |(at, _)| at);
        tokio::select! {
            read = reader.read_buf(buffer) => match read {
                Ok(0) | Err(_) => return Err(Error::Closed),
                Ok(_) => *heard = Instant::now(),
            },
            () = tokio::time::sleep_until(at), if deadline.is_some() => {
                return Err(Error::Silent(deadline.map_or(PATIENCE, |(_, patience)| patience)));
            }
            () = flight.departed.notified() => {}
        }
    }
}

/// The length of a frame from its first four bytes; what other protocols send there is told by name.
pub fn length(head: &[u8]) -> Result<usize, Error> {
    let garbled = |text: &str| Err(Error::Garbled(text.into()));
    match head {
        b"HTTP" => garbled("it is an HTTP server"),
        [0x15 | 0x16, 3, _, _] => garbled("it speaks TLS; say so with `tls = true`"),
        _ => {
            let length = i32::from_be_bytes([head[0], head[1], head[2], head[3]]);
            match usize::try_from(length) {
                Ok(n @ 4..=MAX_FRAME) => Ok(n),
                _ => garbled(&format!("a frame of {length} bytes")),
            }
        }
    }
}
