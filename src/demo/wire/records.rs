//! Record batches of format 2, as they are produced and fetched.
//!
//! Source: Apache Kafka `DefaultRecordBatch.java` and `DefaultRecord.java`. Batches are written as they would
//! be by a producer that neither compresses nor numbers them. The codec's own reader of records trusts the
//! counts in them; this one does not.

use crate::demo::world::kafka::Record;
use bytes::{Buf, BufMut, Bytes, BytesMut, TryGetError};
use kafka_protocol::{error::ResponseError, records::RecordBatchDecoder};

/// What stands before the records: offset, length, epoch, magic, checksum, attributes and so on.
const HEAD: usize = 61;
/// Where the checksum stands, and what it is of.
const CHECKSUM: usize = 17;
const CHECKED: usize = 21;
const TRANSACTIONAL: &str = "there are no transactions in this cluster";
const COMPRESSED: &str = "this cluster takes records uncompressed only";

/// Why a batch is not taken.
#[derive(Debug, PartialEq)]
pub struct Refused {
    pub error: ResponseError,
    pub words: &'static str,
}

/// Reads the batches of one partition in a Produce request.
pub fn decode(bytes: &Bytes) -> Result<Vec<Record>, Refused> {
    let corrupt = |words| Refused { error: ResponseError::CorruptMessage, words };
    let batches = RecordBatchDecoder::decode_batch_info(&mut bytes.clone())
        .map_err(|_| corrupt("the batch is damaged"))?;
    let mut rest = bytes.clone();
    let mut records = Vec::new();
    for batch in &batches {
        if batch.transactional || batch.control {
            return Err(Refused { error: ResponseError::InvalidRecord, words: TRANSACTIONAL });
        }
        if batch.compression != kafka_protocol::records::Compression::None {
            return Err(Refused { error: ResponseError::UnsupportedCompressionType, words: COMPRESSED });
        }
        // The batch was read, so its length is true.
        let length = 12 + rest.slice(8..12).get_i32() as usize;
        let mut body = rest.split_to(length);
        body.advance(HEAD.min(length));
        for _ in 0..batch.record_count {
            let record = record(&mut body, batch.min_timestamp);
            records.push(record.ok_or_else(|| corrupt("a record is damaged"))?);
        }
    }
    if rest.has_remaining() {
        let words = "records of an old format";
        return Err(Refused { error: ResponseError::UnsupportedForMessageFormat, words });
    }
    Ok(records)
}

fn record(body: &mut Bytes, first: i64) -> Option<Record> {
    let size = usize::try_from(varint(body).ok()?).ok().filter(|size| *size <= body.len())?;
    let mut record = body.split_to(size);
    let _attributes = record.try_get_i8().ok()?;
    let at = first.checked_add(varint(&mut record).ok()?)?;
    let _offset = varint(&mut record).ok()?;
    let (key, value) = (bytes(&mut record)?, bytes(&mut record)?);
    let mut headers = Vec::new();
    for _ in 0..varint(&mut record).ok()? {
        let name = bytes(&mut record)??;
        let name = std::str::from_utf8(&name).ok()?.into();
        headers.push((name, bytes(&mut record)?));
    }
    Some(Record { at, key, value, headers })
}

/// A length and so many bytes, or −1 for none.
fn bytes(from: &mut Bytes) -> Option<Option<Bytes>> {
    let length = varint(from).ok()?;
    if length == -1 {
        return Some(None);
    }
    let length = usize::try_from(length).ok().filter(|length| *length <= from.len())?;
    Some(Some(from.split_to(length)))
}

/// A number in zigzag and groups of seven bits, the lowest first.
fn varint(from: &mut Bytes) -> Result<i64, TryGetError> {
    let (mut sum, mut shift) = (0u64, 0);
    loop {
        let byte = from.try_get_u8()?;
        sum |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 || shift > 63 {
            return Ok((sum >> 1) as i64 ^ -((sum & 1) as i64));
        }
    }
}

fn put_varint(to: &mut BytesMut, number: i64) {
    let mut rest = ((number << 1) ^ (number >> 63)) as u64;
    while rest >= 0x80 {
        to.put_u8(rest as u8 | 0x80);
        rest >>= 7;
    }
    to.put_u8(rest as u8);
}

fn put_bytes(to: &mut BytesMut, bytes: Option<&[u8]>) {
    match bytes {
        None => put_varint(to, -1),
        Some(bytes) => {
            put_varint(to, bytes.len() as i64);
            to.put_slice(bytes);
        }
    }
}

/// One batch of records by offset, as a leader of this epoch keeps it; nothing for no records.
pub fn encode(epoch: i32, records: &[(i64, Record)]) -> Bytes {
    let (Some((base, first)), Some((last, _))) = (records.first(), records.last()) else {
        return Bytes::new();
    };
    let mut batch = BytesMut::with_capacity(HEAD + records.len() * 256);
    batch.put_i64(*base);
    batch.put_i32(0);
    batch.put_i32(epoch);
    batch.put_i8(2);
    batch.put_u32(0);
    batch.put_i16(0);
    batch.put_i32((last - base) as i32);
    batch.put_i64(first.at);
    batch.put_i64(records.iter().map(|(_, r)| r.at).max().unwrap_or(first.at));
    // No producer's id, epoch and sequence.
    batch.put_i64(-1);
    batch.put_i16(-1);
    batch.put_i32(-1);
    batch.put_i32(records.len() as i32);
    let mut scratch = BytesMut::new();
    for (offset, record) in records {
        scratch.clear();
        put_record(&mut scratch, offset - base, first.at, record);
        put_varint(&mut batch, scratch.len() as i64);
        batch.put_slice(&scratch);
    }
    let length = (batch.len() - 12) as i32;
    batch[8..12].copy_from_slice(&length.to_be_bytes());
    seal(&mut batch);
    batch.freeze()
}

fn seal(batch: &mut BytesMut) {
    let checksum = crc32c::crc32c(&batch[CHECKED..]);
    batch[CHECKSUM..CHECKED].copy_from_slice(&checksum.to_be_bytes());
}

/// `place`: how far after the batch's first record.
fn put_record(to: &mut BytesMut, place: i64, first: i64, record: &Record) {
    to.put_i8(0);
    put_varint(to, record.at.wrapping_sub(first));
    put_varint(to, place);
    put_bytes(to, record.key.as_deref());
    put_bytes(to, record.value.as_deref());
    put_varint(to, record.headers.len() as i64);
    for (name, value) in &record.headers {
        put_bytes(to, Some(name.as_bytes()));
        put_bytes(to, value.as_deref());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn blob() -> impl Strategy<Value = Option<Bytes>> {
        proptest::option::of(proptest::collection::vec(any::<u8>(), 0..40).prop_map(Bytes::from))
    }

    fn numbered(base: i64, records: &[Record]) -> Vec<(i64, Record)> {
        (base..).zip(records.iter().cloned()).collect()
    }

    prop_compose! {
        fn a_record()(
            at in 0i64..1 << 42, key in blob(), value in blob(),
            headers in proptest::collection::vec(("[a-z]{0,8}", blob()), 0..4),
        ) -> Record {
            let headers = headers.into_iter().map(|(name, value)| (name.into(), value)).collect();
            Record { at, key, value, headers }
        }
    }

    fn told(records: &[Record]) -> Vec<String> {
        records.iter().map(|r| format!("{r:?}")).collect()
    }

    proptest! {
        /// The codec of another hand reads what is written here.
        #[test]
        fn batches_are_what_others_read(
            records in proptest::collection::vec(a_record(), 1..20), base in 0i64..1 << 40,
        ) {
            let written = encode(7, &numbered(base, &records));
            let mut read = RecordBatchDecoder::decode_all(&mut written.clone()).unwrap();
            let read = read.pop().unwrap().records;
            prop_assert_eq!(read.len(), records.len());
            for (index, (theirs, ours)) in read.iter().zip(&records).enumerate() {
                prop_assert_eq!(theirs.offset, base + index as i64);
                prop_assert_eq!((theirs.timestamp, &theirs.key, &theirs.value), (ours.at, &ours.key, &ours.value));
                prop_assert_eq!((theirs.partition_leader_epoch, theirs.producer_id, theirs.sequence - index as i32), (7, -1, -1));
                let last = |name: &str| ours.headers.iter().rfind(|(n, _)| **n == *name).map(|(_, v)| v.clone());
                for (name, value) in &theirs.headers {
                    prop_assert_eq!(Some(value.clone()), last(name));
                }
            }
            prop_assert_eq!(told(&decode(&written).unwrap()), told(&records));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&Bytes::from(bytes));
        }

        /// Whatever stands behind the checksum, which is made true again.
        #[test]
        fn no_batch_makes_it_panic(
            records in proptest::collection::vec(a_record(), 1..4),
            spots in proptest::collection::vec((CHECKED..400usize, any::<u8>()), 1..6),
        ) {
            let mut batch = BytesMut::from(&encode(0, &numbered(0, &records))[..]);
            for (at, byte) in spots {
                let at = CHECKED + at % (batch.len() - CHECKED);
                batch[at] = byte;
            }
            seal(&mut batch);
            let _ = decode(&batch.freeze());
        }
    }

    #[test]
    fn what_is_compressed_or_damaged_is_refused_by_name() {
        let one = encode(0, &[(0, Record { at: 1, key: None, value: None, headers: Vec::new() })]);
        let refused = |change: fn(&mut BytesMut)| {
            let mut batch = BytesMut::from(&one[..]);
            change(&mut batch);
            decode(&batch.freeze()).unwrap_err().error
        };
        let snappy = refused(|batch| {
            batch[CHECKED + 1] = 2;
            seal(batch);
        });
        assert_eq!(snappy, ResponseError::UnsupportedCompressionType);
        assert_eq!(refused(|batch| batch[HEAD] ^= 1), ResponseError::CorruptMessage);
    }
}
